#include <doctest/doctest.h>

#include <cmath>

#include "model/ort_fixture.h"
#include "model/trial_rows.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

Signature signature_of(DataType type, const std::vector<int64_t>& dims) {
  Signature signature;
  signature.inputs.push_back({"x", type, shape_of(dims), {}});
  signature.outputs.push_back({"y", type, shape_of(dims), {}});
  return signature;
}

}  // namespace

TEST_CASE("samples fall apart into rows, strings too") {
  std::string what;
  const Signature signature = signature_of(DataType::BYTES, {-1, 2});
  const auto rows = TrialRows::create(
      signature, {{DataType::BYTES, shape_of({2, 2}), framed_of({"a", "", "c", "dd"})}}, what);
  REQUIRE_MESSAGE(rows != nullptr, what);
  CHECK(rows->row_count() == 2);
  CHECK(rows->row(1).inputs[0].raw == framed_of({"c", "dd"}));
  CHECK(rows->row(2).inputs[0].raw == framed_of({"a", ""}));
}

TEST_CASE("few samples of floats are followed by variants near them") {
  std::string what;
  const Signature signature = signature_of(DataType::FP32, {-1, 2});
  const auto rows = TrialRows::create(
      signature, {{DataType::FP32, shape_of({2, 2}), raw_of<float>({1, 0, -4, 8})}}, what);
  REQUIRE_MESSAGE(rows != nullptr, what);
  REQUIRE(rows->row_count() == 64);
  CHECK(values_of<float>(rows->row(1).inputs[0].raw) == std::vector<float>{-4, 8});
  for (size_t i = 2; i < rows->row_count(); ++i) {
    const std::vector<float> of = values_of<float>(rows->row(i % 2).inputs[0].raw);
    const std::vector<float> varied = values_of<float>(rows->row(i).inputs[0].raw);
    for (size_t v = 0; v < 2; ++v) {
      CHECK((varied[v] != of[v]) == (of[v] != 0));
      CHECK(std::abs(varied[v] - of[v]) <= std::abs(of[v]) / 8);
    }
  }
}

TEST_CASE("extremes are among the rows that are tried") {
  std::string what;
  const Signature signature = signature_of(DataType::FP32, {-1, 1});
  const auto rows = TrialRows::create(signature, {}, what);
  REQUIRE_MESSAGE(rows != nullptr, what);
  bool has_nan = false, has_infinity = false;
  for (const auto& row : rows->extremes()) {
    for (float value : values_of<float>(row->inputs[0].raw)) {
      has_nan = has_nan || std::isnan(value);
      has_infinity = has_infinity || std::isinf(value);
    }
  }
  CHECK(has_nan);
  CHECK(has_infinity);
}

TEST_CASE("no rows where a first dimension is fixed, or there is none") {
  std::string what;
  const Signature fixed = signature_of(DataType::FP32, {4, 1});
  CHECK_FALSE(TrialRows::create(fixed, {}, what)->has_rows());
  const Signature scalar = signature_of(DataType::FP32, {});
  CHECK_FALSE(TrialRows::create(scalar, {}, what)->has_rows());
}

TEST_CASE("samples that do not fit are refused with both sides") {
  std::string what;
  const Signature signature = signature_of(DataType::FP32, {-1, 2});
  const std::vector<SampleTensor> wrong = {{DataType::FP32, shape_of({1, 3}), Bytes(12, '\0')}};
  CHECK(TrialRows::create(signature, wrong, what) == nullptr);
  CHECK(what.find("[1,3]") != std::string::npos);
  CHECK(what.find("[-1,2]") != std::string::npos);
}
