#include <doctest/doctest.h>

#include <set>

#include "infer/tensor.h"

using namespace tiltyard;

namespace {

Shape shape(const std::vector<int64_t>& dims) {
  Shape made;
  for (const int64_t dim : dims) REQUIRE(made.try_push(dim));
  return made;
}

}  // namespace

TEST_CASE("each datatype has its own name, which reads back, and its size") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(DataType::BYTES); ++i) {
    const auto type = static_cast<DataType>(i);
    names.insert(data_type_name(type));
    CHECK(parse_data_type(data_type_name(type)) == type);
  }
  CHECK(names.size() == 14);
  CHECK(element_bytes(DataType::BOOL) == 1);
  CHECK(element_bytes(DataType::UINT16) == 2);
  CHECK(element_bytes(DataType::BF16) == 2);
  CHECK(element_bytes(DataType::FP32) == 4);
  CHECK(element_bytes(DataType::INT64) == 8);
  CHECK(element_bytes(DataType::BYTES) == 0);
  for (const char* no_name : {"", "fp32", "FP32 ", "FLOAT", "STRING", "FP3"}) {
    CHECK_FALSE(parse_data_type(no_name));
  }
}

TEST_CASE("a shape takes as many dimensions as there may be and no more") {
  Shape full;
  for (int i = 0; i < kTensorRankMax; ++i) CHECK(full.try_push(i));
  CHECK_FALSE(full.try_push(99));
  CHECK(full.rank == kTensorRankMax);
  CHECK(full[kTensorRankMax - 1] == kTensorRankMax - 1);
}

TEST_CASE("shapes are equal by rank and dimensions, whatever lies behind the rank") {
  Shape a = shape({2, 3}), b = shape({2, 3});
  a.dims[2] = 7;
  b.dims[2] = 8;
  CHECK(a == b);
  CHECK_FALSE(a == shape({2}));
  CHECK_FALSE(a == shape({2, 3, 1}));
  CHECK_FALSE(a == shape({2, 4}));
  CHECK(shape({}) == shape({}));
}

TEST_CASE("the element count of scalars, empty tensors and ordinary ones") {
  CHECK(element_count(shape({})) == 1);
  CHECK(element_count(shape({0})) == 0);
  CHECK(element_count(shape({5, 0, 7})) == 0);
  CHECK(element_count(shape({2, 3, 4})) == 24);
  CHECK(element_count(shape({INT64_MAX})) == INT64_MAX);
}

TEST_CASE("a product that leaves 64 bits has no count, beside a zero too, in any order") {
  CHECK_FALSE(element_count(shape({INT64_MAX, 2})));
  CHECK_FALSE(element_count(shape({0, INT64_MAX, 2})));
  CHECK_FALSE(element_count(shape({INT64_MAX, 2, 0})));
  CHECK_FALSE(element_count(shape({-1})));
  CHECK_FALSE(element_count(shape({0, -1})));
}

TEST_CASE("a shape is shown in brackets") {
  CHECK(shape_text(shape({})) == "[]");
  CHECK(shape_text(shape({-1, 30})) == "[-1,30]");
  CHECK(shape_text(shape({0})) == "[0]");
}
