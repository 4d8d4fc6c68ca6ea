// Element types by how one is loaded from raw little-endian bytes.
//
// A kind has Value, kBytes and load(); with_kind() picks the one of a datatype, so that a loop over
// elements is compiled for each and looks at no datatype.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "infer/tensor.h"

namespace tiltyard {

template <typename T>
struct PlainKind {
  using Value = T;
  static constexpr size_t kBytes = sizeof(T);
  static Value load(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
};

// Any byte but 0 is true, as models are given it.
struct BoolKind {
  using Value = uint8_t;
  static constexpr size_t kBytes = 1;
  static Value load(const char* at) { return *at != 0 ? 1 : 0; }
};

struct BrainFloatKind {
  using Value = float;
  static constexpr size_t kBytes = 2;
  static Value load(const char* at) {
    return std::bit_cast<float>(uint32_t{PlainKind<uint16_t>::load(at)} << 16);
  }
};

// IEEE 754 binary16.
struct HalfFloatKind {
  using Value = float;
  static constexpr size_t kBytes = 2;
  static Value load(const char* at) {
    const uint32_t bits = PlainKind<uint16_t>::load(at);
    const uint32_t sign = (bits & 0x8000) << 16;
    const uint32_t exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
    if (exponent == 0) {  // zero and subnormals: multiples of 2^-24
      return std::copysign(std::ldexp(static_cast<float>(fraction), -24),
                           std::bit_cast<float>(sign | 0x3f80'0000));
    }
    const uint32_t wide = exponent == 0x1f ? 0xff : exponent - 15 + 127;
    return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
  }
};

template <typename Value>
bool is_nan(Value value) {
  return value != value;
}

// Calls `use(Kind())` with the kind of `type`, which is not BYTES: then nothing is called.
template <typename Use>
void with_kind(DataType type, Use use) {
  switch (type) {
    case DataType::BOOL:
      return use(BoolKind());
    case DataType::UINT8:
      return use(PlainKind<uint8_t>());
    case DataType::UINT16:
      return use(PlainKind<uint16_t>());
    case DataType::UINT32:
      return use(PlainKind<uint32_t>());
    case DataType::UINT64:
      return use(PlainKind<uint64_t>());
    case DataType::INT8:
      return use(PlainKind<int8_t>());
    case DataType::INT16:
      return use(PlainKind<int16_t>());
    case DataType::INT32:
      return use(PlainKind<int32_t>());
    case DataType::INT64:
      return use(PlainKind<int64_t>());
    case DataType::FP16:
      return use(HalfFloatKind());
    case DataType::BF16:
      return use(BrainFloatKind());
    case DataType::FP32:
      return use(PlainKind<float>());
    case DataType::FP64:
      return use(PlainKind<double>());
    case DataType::BYTES:
      return;
  }
}

}  // namespace tiltyard
