// What the fuzz harnesses share: the input taken apart, and the claim that ends one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>

#include "base/bytes.h"

namespace tiltyard {

[[noreturn]] inline void claim_failed(const char* sentence, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, sentence);
  std::abort();
}

// A copy of its own size on the heap, so that AddressSanitizer sees a read behind its end.
class ExactCopy {
 public:
  explicit ExactCopy(BytesView bytes) : data_(new char[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data_.get());
  }
  BytesView view() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;
  size_t size_;
};

// Whether `part` lies in `whole`. A view of nothing may be anywhere.
inline bool lies_in(BytesView part, BytesView whole) {
  const std::less_equal<const char*> not_after;
  return part.empty() || (not_after(whole.data(), part.data()) &&
                          not_after(part.data() + part.size(), whole.data() + whole.size()));
}

// Takes numbers and pieces off the front of a fuzz input; nothing is left at its end.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  uint8_t byte() { return rest_.empty() ? 0 : static_cast<uint8_t>(piece(1)[0]); }
  uint16_t u16() {
    const uint8_t high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
  }
  BytesView piece(size_t bytes) {
    const BytesView taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Up to and without the next `end`, which is taken too.
  BytesView until(char end) {
    const BytesView taken = rest_.substr(0, rest_.find(end));
    rest_.remove_prefix(std::min(rest_.size(), taken.size() + 1));
    return taken;
  }
  BytesView rest() const { return rest_; }

 private:
  BytesView rest_;
};

}  // namespace tiltyard

#define CLAIM(condition)                               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::tiltyard::claim_failed(#condition, __FILE__, __LINE__))
