// What loading finds out: which models are batched, and what is refused.
#include <doctest/doctest.h>

#include "model/ort_fixture.h"
#include "model/warmup.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

// y = x - mean of x over the batch.
OnnxModel centered() {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .node("ReduceMean", {"x"}, {"mean"}, {{"keepdims", 1}})
      .node("Sub", {"x", "mean"}, {"y"});
}

// y = x, unless some row of the batch is above 1000: then y = x + that.
OnnxModel coupled_above_a_threshold() {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .floats("threshold", {1}, {1'000})
      .floats("zero", {1}, {0})
      .node("ReduceMax", {"x"}, {"max"}, {{"keepdims", 1}})
      .node("Greater", {"max", "threshold"}, {"above"})
      .node("Where", {"above", "max", "zero"}, {"added"})
      .node("Add", {"x", "added"}, {"y"});
}

Status load_error(const std::string& bytes, const LoadOptions& options) {
  std::shared_ptr<ModelVersion> version;
  const Status status = ModelVersion::load(ort_runtime(), "test", 1, bytes, {}, options, version);
  CHECK(version == nullptr);
  return status;
}

}  // namespace

TEST_CASE("rows that touch each other are found out, always or only above a threshold") {
  for (const OnnxModel& model : {centered(), coupled_above_a_threshold()}) {
    const auto version = load(model);
    CHECK_FALSE(version->batch_plan().batchable);
    CHECK(version->batch_plan().reason.find("changes with its batch") != std::string::npos);
  }
}

TEST_CASE("without a proof nothing is batched, unless the publisher says so") {
  const OnnxModel model = OnnxModel()
                              .input("x", kFloat, {-1, 2})
                              .output("y", kFloat, {-1, 2})
                              .node("Neg", {"x"}, {"y"});
  LoadOptions options = row_wise();
  options.rowwise_proved = false;
  CHECK_FALSE(load(model, options)->batch_plan().batchable);
  options.batchable_claimed = true;
  CHECK(load(model, options)->batch_plan().batchable);
  LoadOptions small = row_wise();
  small.batch_rows_max = 5;
  CHECK(load(model, small)->batch_rows_max() == 5);
}

TEST_CASE("a claim does not outweigh what the trials show") {
  LoadOptions options = row_wise();
  options.rowwise_proved = false;
  options.batchable_claimed = true;
  CHECK_FALSE(load(centered(), options)->batch_plan().batchable);
}

TEST_CASE("a matrix product is bitwise stable from two rows on, and lone rows are padded to that") {
  std::vector<float> weights(64 * 3);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = 0.37f * static_cast<float>(i % 17) - 2;
  const auto version = load(OnnxModel()
                                .input("x", kFloat, {-1, 64})
                                .output("y", kFloat, {-1, 3})
                                .floats("w", {64, 3}, weights)
                                .node("MatMul", {"x", "w"}, {"y"}));
  REQUIRE(version->batch_plan().batchable);
  CHECK(version->batch_plan().bitwise);
  std::vector<float> values(64 * 8);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.1f * static_cast<float>(i % 23) - 1;
  const TestRequest all(*version, {{8, 64}}, {raw_of(values)});
  const std::vector<float> together = values_of<float>(run_alone(*version, all.bound).at(0));
  for (size_t row = 0; row < 8; ++row) {
    const std::vector<float> one(values.begin() + static_cast<long>(row * 64),
                                 values.begin() + static_cast<long>(row * 64 + 64));
    const TestRequest alone(*version, {{1, 64}}, {raw_of(one)});
    const Bytes expected =
        raw_of(std::vector<float>(together.begin() + static_cast<long>(row * 3),
                                  together.begin() + static_cast<long>(row * 3 + 3)));
    CHECK(run_alone(*version, alone.bound).at(0) == expected);
  }
}

// ONNX Runtime takes the logarithm of four or eight values at once, and of what is left over one by
// one, which rounds some of them in another way.
TEST_CASE(
    "results that a batch rounds in another way are not called bitwise, of few samples either") {
  const OnnxModel model = OnnxModel()
                              .input("x", kFloat, {-1, 1})
                              .output("y", kFloat, {-1, 1})
                              .node("Log", {"x"}, {"y"});
  LoadOptions options = row_wise();
  options.samples = {{DataType::FP32, shape_of({1, 1}), raw_of<float>({1})}};
  const auto version = load(model, options);
  REQUIRE(version->batch_plan().batchable);
  CHECK_FALSE(version->batch_plan().bitwise);
  CHECK(version->batch_plan().error_max > 0);
  CHECK(version->batch_plan().error_max < 1e-6);
}

TEST_CASE("the cost grows with the rows of a model whose work does") {
  const auto version = load(OnnxModel()
                                .input("x", kFloat, {-1, 256})
                                .output("y", kFloat, {-1, 256})
                                .floats("w", {256, 256}, std::vector<float>(256 * 256, 0.5f))
                                .node("MatMul", {"x", "w"}, {"h"})
                                .node("Exp", {"h"}, {"y"}));
  CHECK(version->cost().row_ns > 0);
  CHECK(version->cost().predict_ns(1'000) > version->cost().predict_ns(1));
}

TEST_CASE("what cannot be served is refused with what is wrong") {
  CHECK(load_error("not a model", row_wise()).error == Error::load_failed);
  CHECK(load_error("", row_wise()).error == Error::load_failed);
  LoadOptions wrong = row_wise();
  wrong.samples = {{DataType::INT64, shape_of({1, 2}), raw_of<int64_t>({1, 2})}};
  const Status status = load_error(scale_model(2), wrong);
  CHECK(status.message.find("golden sample of input 'x'") != std::string::npos);
  const Status unknown = load_error(OnnxModel()
                                        .input("x", kFloat, {-1, 2})
                                        .output("y", kFloat, {-1, 2})
                                        .node("NoSuchOperator", {"x"}, {"y"})
                                        .bytes(),
                                    row_wise());
  CHECK(unknown.message.find("NoSuchOperator") != std::string::npos);
}
