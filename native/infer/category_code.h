// A category as the 32 bits that fit a record: the low half of XXH3-64 over its canonical bytes.
//
// Integers and bools are hashed as int64, floats as float64 without a negative zero, both as 8
// little-endian bytes; strings are hashed as they are. Python builds its tables with the same
// function.
#pragma once

#include <concepts>
#include <cstdint>

#include "base/bytes.h"

namespace tiltyard {

inline constexpr uint32_t kMissingCode = 0xFFFF'FFFF;  // NaN, an empty string, no value at all
inline constexpr uint32_t kInvalidCode = 0xFFFF'FFFE;  // an infinity; not one of a one-hot group

uint32_t category_code(BytesView text);
uint32_t category_code(int64_t value);
uint32_t category_code(double value);

// Of any element: a UINT64 has the code of the int64 with its bits.
template <typename Value>
uint32_t category_code_of(Value value) {
  if constexpr (std::floating_point<Value>) {
    return category_code(static_cast<double>(value));
  } else {
    return category_code(static_cast<int64_t>(value));
  }
}

}  // namespace tiltyard
