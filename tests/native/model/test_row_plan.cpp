#include <doctest/doctest.h>

#include "model/ort_fixture.h"
#include "model/row_plan.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

OnnxModel scale() {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .floats("factor", {1}, {3})
      .node("Mul", {"x", "factor"}, {"y"});
}

}  // namespace

TEST_CASE("a plan is made once for a row count, over the same buffers for all of them") {
  LoadOptions options = row_wise();
  options.batch_rows_max = 16;
  const auto version = load(scale(), options);
  RunBuffers buffers;
  RowPlan* const two = plan_for(*version, buffers, 2);
  RowPlan* const sixteen = plan_for(*version, buffers, 16);
  REQUIRE(two != nullptr);
  REQUIRE(sixteen != nullptr);
  CHECK(plan_for(*version, buffers, 2) == two);
  CHECK(two->inputs.size() == 1);
  CHECK(two->outputs.size() == 1);
  CHECK(buffers.rows_max >= 16);
  void* data_two = nullptr;
  void* data_sixteen = nullptr;
  std::string what;
  const OrtRuntime& runtime = version->runtime();
  REQUIRE(
      runtime.succeeded(runtime.api().get_tensor_mutable_data(two->inputs[0], &data_two), what));
  REQUIRE(runtime.succeeded(
      runtime.api().get_tensor_mutable_data(sixteen->inputs[0], &data_sixteen), what));
  CHECK(data_two == data_sixteen);
  CHECK(data_two == buffers.inputs[0].memory.data());
}

TEST_CASE("no plan for no rows, for more than there may be, or a version that is not batched") {
  LoadOptions options = row_wise();
  options.batch_rows_max = 16;
  const auto version = load(scale(), options);
  RunBuffers buffers;
  CHECK(plan_for(*version, buffers, 0) == nullptr);
  CHECK(plan_for(*version, buffers, 17) == nullptr);
  const auto unproved = load(scale(), LoadOptions());
  RunBuffers others;
  CHECK(plan_for(*unproved, others, 1) == nullptr);
  CHECK_FALSE(others.is_planned);
}

TEST_CASE("a model whose rows have no fixed size has no plan") {
  const auto version = load(OnnxModel()
                                .input("x", kFloat, {-1, -1})
                                .output("y", kFloat, {-1, -1})
                                .node("Identity", {"x"}, {"y"}));
  RunBuffers buffers;
  CHECK(plan_for(*version, buffers, 1) == nullptr);
}
