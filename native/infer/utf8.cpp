#include "infer/utf8.h"

#include <cstddef>
#include <cstdint>

namespace tiltyard {
namespace {

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// The bytes of the character that begins at `at`; 0 when it is not well-formed. The ranges of the
// second byte are those of the Unicode standard, table 3-7.
size_t character_bytes(const unsigned char* at, const unsigned char* end) {
  const unsigned char first = *at;
  const auto left = static_cast<size_t>(end - at);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
  if (first < 0xf0) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    const bool is_overlong = first == 0xe0 && at[1] < 0xa0;
    const bool is_surrogate = first == 0xed && at[1] >= 0xa0;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (first < 0xf5) {
    if (left < 4 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    if (!is_continuation(at[3])) return 0;
    const bool is_overlong = first == 0xf0 && at[1] < 0x90;
    const bool is_too_large = first == 0xf4 && at[1] >= 0x90;
    return is_overlong || is_too_large ? 0 : 4;
  }
  return 0;
}

}  // namespace

bool is_utf8(BytesView text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = at + text.size();
  while (at != end) {
    // Names are nearly always ASCII: eight bytes at a time.
    while (end - at >= 8) {
      uint64_t eight;
      std::memcpy(&eight, at, sizeof eight);
      if ((eight & 0x8080808080808080u) != 0) break;
      at += 8;
    }
    if (at == end) break;
    const size_t bytes = character_bytes(at, end);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

}  // namespace tiltyard
