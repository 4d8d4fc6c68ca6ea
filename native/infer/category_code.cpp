#include "infer/category_code.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cmath>

namespace tiltyard {
namespace {

// The two codes that say something else are left out.
uint32_t code_of(const void* data, size_t bytes) {
  const auto low = static_cast<uint32_t>(XXH3_64bits(data, bytes));
  return low >= kInvalidCode ? low - 2 : low;
}

}  // namespace

uint32_t category_code(BytesView text) {
  return text.empty() ? kMissingCode : code_of(text.data(), text.size());
}

uint32_t category_code(int64_t value) {
  return code_of(&value, sizeof value);
}

uint32_t category_code(double value) {
  if (std::isnan(value)) return kMissingCode;
  if (std::isinf(value)) return kInvalidCode;
  if (value == 0) value = 0;
  return code_of(&value, sizeof value);
}

}  // namespace tiltyard
