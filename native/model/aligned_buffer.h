// Memory aligned for tensors, owned; grows and never shrinks by itself.
#pragma once

#include <cstdlib>
#include <memory>

#include "base/assert.h"
#include "base/limits.h"

namespace tiltyard {

class AlignedBuffer {
 public:
  // At least `bytes` and at least one; what was inside is lost when it grows.
  char* reserve(size_t bytes) {
    if (bytes <= bytes_ && data_ != nullptr) return data_.get();
    bytes_ = (bytes + kTensorAlignBytes) / kTensorAlignBytes * kTensorAlignBytes;
    data_.reset(static_cast<char*>(std::aligned_alloc(kTensorAlignBytes, bytes_)));
    TILTYARD_ASSERT(data_ != nullptr, "out of memory for a tensor");
    return data_.get();
  }
  char* data() const { return data_.get(); }
  size_t bytes() const { return bytes_; }
  void release() {
    data_.reset();
    bytes_ = 0;
  }

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };
  std::unique_ptr<char, Free> data_;
  size_t bytes_ = 0;
};

}  // namespace tiltyard
