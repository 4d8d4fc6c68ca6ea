#include "infer/bytes_codec.h"

namespace tiltyard {
namespace {

constexpr size_t kLengthBytes = 4;

}  // namespace

BytesFraming check_framed_bytes(BytesView raw, int64_t elements) {
  int64_t found = 0;
  while (!raw.empty()) {
    if (raw.size() < kLengthBytes) return BytesFraming::truncated_length;
    const size_t length = load_u32_le(raw.data());
    raw.remove_prefix(kLengthBytes);
    if (raw.size() < length) return BytesFraming::truncated_element;
    raw.remove_prefix(length);
    ++found;
  }
  return found == elements ? BytesFraming::ok : BytesFraming::wrong_count;
}

std::string framing_problem(BytesView raw, int64_t elements) {
  int64_t found = 0;
  while (!raw.empty()) {
    const std::string element = "element " + std::to_string(found);
    if (raw.size() < kLengthBytes) return "the data ends inside the length of " + element;
    const size_t length = load_u32_le(raw.data());
    raw.remove_prefix(kLengthBytes);
    if (raw.size() < length) {
      return element + " has a length of " + std::to_string(length) + " bytes, but " +
             std::to_string(raw.size()) + " are left";
    }
    raw.remove_prefix(length);
    ++found;
  }
  return "expected " + std::to_string(elements) + " elements, got " + std::to_string(found);
}

void append_framed_views(BytesView raw, std::vector<BytesView>& out) {
  while (!raw.empty()) {
    const size_t length = load_u32_le(raw.data());
    out.push_back(raw.substr(kLengthBytes, length));
    raw.remove_prefix(kLengthBytes + length);
  }
}

void append_framed(BytesView element, Bytes& out) {
  append_u32_le(out, static_cast<uint32_t>(element.size()));
  out.append(element);
}

}  // namespace tiltyard
