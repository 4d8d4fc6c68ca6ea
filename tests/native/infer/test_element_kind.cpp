#include <doctest/doctest.h>

#include <limits>
#include <type_traits>
#include <vector>

#include "infer/element_kind.h"

using namespace tiltyard;

namespace {

template <typename Kind, typename T>
auto loaded(T bits) {
  static_assert(sizeof bits == Kind::kBytes);
  return Kind::load(reinterpret_cast<const char*>(&bits));
}

}  // namespace

TEST_CASE("half floats, their subnormals and what is no number") {
  const auto half = [](uint16_t bits) { return loaded<HalfFloatKind>(bits); };
  CHECK(half(0x3c00) == 1.0f);
  CHECK(half(0xc000) == -2.0f);
  CHECK(half(0x7bff) == 65'504.0f);
  CHECK(half(0x0001) == std::ldexp(1.0f, -24));
  CHECK(half(0x83ff) == -1'023 * std::ldexp(1.0f, -24));
  CHECK(half(0x0400) == std::ldexp(1.0f, -14));
  CHECK((half(0x8000) == 0 && std::signbit(half(0x8000))));
  CHECK(half(0xfc00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(half(0x7e00)));
}

TEST_CASE("brain floats are the upper half of a float") {
  CHECK(loaded<BrainFloatKind>(uint16_t{0x3fc0}) == 1.5f);
  CHECK(std::isnan(loaded<BrainFloatKind>(uint16_t{0xffc0})));
}

TEST_CASE("any byte but 0 is true") {
  CHECK(loaded<BoolKind>(uint8_t{0}) == 0);
  CHECK(loaded<BoolKind>(uint8_t{1}) == 1);
  CHECK(loaded<BoolKind>(uint8_t{0x80}) == 1);
}

TEST_CASE("each datatype has the kind of its size and sign") {
  for (int i = 0; i <= static_cast<int>(DataType::BYTES); ++i) {
    const auto type = static_cast<DataType>(i);
    int calls = 0;
    with_kind(type, [&](auto kind) {
      ++calls;
      CHECK(decltype(kind)::kBytes == element_bytes(type));
      using Value = typename decltype(kind)::Value;
      CHECK(std::is_floating_point_v<Value> == (type >= DataType::FP16));
      CHECK(std::is_unsigned_v<Value> == (type <= DataType::UINT64));
    });
    CHECK(calls == (type == DataType::BYTES ? 0 : 1));
  }
}
