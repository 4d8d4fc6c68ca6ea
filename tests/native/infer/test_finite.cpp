#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "infer/finite.h"

using namespace tiltyard;

namespace {

template <typename T>
bool found(DataType type, const std::vector<T>& values) {
  const BytesView raw(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return has_non_finite(type, raw);
}

}  // namespace

TEST_CASE_TEMPLATE("NaN and infinities are found wherever they stand", T, float, double) {
  const DataType type = sizeof(T) == 4 ? DataType::FP32 : DataType::FP64;
  using Limits = std::numeric_limits<T>;
  std::vector<T> values(37, Limits::max());
  values[1] = Limits::lowest();
  values[2] = Limits::denorm_min();
  values[3] = 0;
  CHECK_FALSE(found(type, values));
  CHECK_FALSE(found(type, std::vector<T>()));
  for (const T bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
    for (const size_t at : {size_t{0}, size_t{17}, size_t{36}}) {
      std::vector<T> spoiled = values;
      spoiled[at] = bad;
      CHECK(found(type, spoiled));
    }
  }
}

TEST_CASE("half floats have their own exponents, and integers have none") {
  CHECK(found<uint16_t>(DataType::FP16, {0x3c00, 0x7c00}));
  CHECK(found<uint16_t>(DataType::FP16, {0xfe00}));
  CHECK_FALSE(found<uint16_t>(DataType::FP16, {0x7bff}));
  CHECK(found<uint16_t>(DataType::BF16, {0x7f80}));
  CHECK_FALSE(found<uint16_t>(DataType::BF16, {0x7c00}));
  CHECK_FALSE(found<uint32_t>(DataType::INT32, {0x7f80'0000}));
}
