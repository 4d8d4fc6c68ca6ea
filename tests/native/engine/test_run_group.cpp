#include <doctest/doctest.h>

#include "engine/run_group.h"
#include "model/ort_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

std::shared_ptr<ModelVersion> scale(bool batchable, uint32_t batch_rows_max = 8) {
  LoadOptions options = row_wise();
  options.rowwise_proved = batchable;
  options.batch_rows_max = batch_rows_max;
  const OnnxModel model = OnnxModel()
                              .input("x", kFloat, {-1, 2})
                              .output("y", kFloat, {-1, 2})
                              .floats("factor", {1}, {2})
                              .node("Mul", {"x", "factor"}, {"y"});
  return load(model, options);
}

TestRequest rows_of(const ModelVersion& version, int64_t rows) {
  return TestRequest(version, {{rows, 2}},
                     {raw_of(std::vector<float>(static_cast<size_t>(rows) * 2))});
}

}  // namespace

TEST_CASE("a group takes what may join it, and is full at the rows it should have") {
  const auto version = scale(true);
  const TestRequest one = rows_of(*version, 1), four = rows_of(*version, 4);
  RunGroup group(0);
  group.begin(*version);
  CHECK(group.empty());
  CHECK(group.fits(four.bound));
  group.add(four.bound, 7);
  CHECK(group.is_full());  // what is to be learned begins with one row
  CHECK(group.fits(four.bound));
  group.add(four.bound, 8);
  CHECK_FALSE(group.fits(one.bound));  // 8 rows are the most
  CHECK(group.bound().size() == 2);
  CHECK(group.arrived_ns()[1] == 8);
  group.begin(*version);
  CHECK(group.empty());
  CHECK(group.fits(one.bound));
}

TEST_CASE("a version that is not batchable runs its requests one by one") {
  const auto version = scale(false);
  const TestRequest one = rows_of(*version, 1);
  RunGroup group(0);
  group.begin(*version);
  CHECK(group.fits(one.bound));
  group.add(one.bound, 1);
  CHECK(group.is_full());
  CHECK_FALSE(group.fits(one.bound));
}

TEST_CASE("a group ends where it would make its first request wait") {
  const OnnxModel model = OnnxModel()
                              .input("x", kFloat, {-1, 2})
                              .output("y", kFloat, {-1, 20'000})
                              .floats("w", {2, 20'000}, std::vector<float>(40'000, 1))
                              .node("MatMul", {"x", "w"}, {"y"});
  const auto version = load(model);
  REQUIRE(version->batch_plan().batchable);
  TestRequest request = rows_of(*version, 1);
  request.bound.elements = 1'000'000'000;  // as it would be with other dimensions
  RunGroup group(0);
  group.begin(*version);
  CHECK(group.fits(request.bound));  // alone it is run, however long that takes
  group.add(request.bound, 1);
  CHECK_FALSE(group.fits(request.bound));
}
