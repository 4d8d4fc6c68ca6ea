#include <doctest/doctest.h>

#include "model/ort_fixture.h"
#include "model/run_buffers.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("the bytes of a row, and 0 where a row has no fixed size") {
  const auto bytes = [](DataType type, const std::vector<int64_t>& dims) {
    return row_bytes_of({"x", type, shape_of(dims), {}}, shape_of(dims));
  };
  CHECK(bytes(DataType::FP32, {-1, 30}) == 120);
  CHECK(bytes(DataType::FP64, {-1}) == 8);
  CHECK(bytes(DataType::FP16, {-1, 3, 224, 224}) == 2 * 3 * 224 * 224);
  CHECK(bytes(DataType::FP32, {-1, -1}) == 0);
  CHECK(bytes(DataType::FP32, {}) == 0);
  CHECK(bytes(DataType::BYTES, {-1, 2}) == 0);
  CHECK(bytes(DataType::FP32, {-1, 0}) == 0);
}

TEST_CASE("a shape with other rows keeps the rest") {
  CHECK(with_rows(shape_of({-1, 3, 4}), 7) == shape_of({7, 3, 4}));
}

TEST_CASE("an owned value is released once, wherever it was moved") {
  const OrtRuntime& runtime = ort_runtime();
  float data[2] = {1, 2};
  const int64_t shape[] = {2};
  const auto make = [&] {
    OrtValue* value = nullptr;
    std::string what;
    REQUIRE(runtime.succeeded(
        runtime.api().create_tensor_with_data(runtime.cpu_memory(), data, sizeof data, shape, 1,
                                              ort_element_type(DataType::FP32), &value),
        what));
    return value;
  };
  OrtValue* const raw = make();
  OrtValuePtr first(runtime.api(), raw);
  OrtValuePtr second(std::move(first));
  CHECK(second.get() == raw);
  OrtValuePtr third(runtime.api(), make());
  third = std::move(second);
  CHECK(third.get() == raw);
  std::vector<OrtValuePtr> many;
  for (int i = 0; i < 50; ++i) many.emplace_back(runtime.api(), make());
}
