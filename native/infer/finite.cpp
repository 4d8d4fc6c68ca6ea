#include "infer/finite.h"

#include <cstring>

namespace tiltyard {
namespace {

// IEEE 754: NaN and infinities are those whose exponent bits are all set. No early exit, so that
// the compiler makes vectors of it.
template <typename Bits>
bool has_exponent(BytesView raw, Bits exponent) {
  bool found = false;
  for (size_t at = 0; at + sizeof(Bits) <= raw.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, raw.data() + at, sizeof bits);
    found |= (bits & exponent) == exponent;
  }
  return found;
}

}  // namespace

bool has_non_finite(DataType type, BytesView raw) {
  switch (type) {
    case DataType::FP64:
      return has_exponent<uint64_t>(raw, 0x7ff0'0000'0000'0000);
    case DataType::FP32:
      return has_exponent<uint32_t>(raw, 0x7f80'0000);
    case DataType::FP16:
      return has_exponent<uint16_t>(raw, 0x7c00);
    case DataType::BF16:
      return has_exponent<uint16_t>(raw, 0x7f80);
    default:
      return false;
  }
}

bool has_non_finite(std::span<const OutputView> outputs) {
  for (const OutputView& output : outputs) {
    if (has_non_finite(output.spec->type, output.data)) return true;
  }
  return false;
}

}  // namespace tiltyard
