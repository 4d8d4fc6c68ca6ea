#include <doctest/doctest.h>

#include <map>

#include "base/clock.h"
#include "engine/batch.h"
#include "engine/job_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

// Row i of the answer is the table's row at the i-th index; an index outside fails the whole run.
std::shared_ptr<ModelVersion> lookup_table() {
  const OnnxModel model = OnnxModel()
                              .input("i", kInt64, {-1})
                              .output("y", kFloat, {-1, 1})
                              .floats("table", {4, 1}, {10, 11, 12, 13})
                              .node("Gather", {"table", "i"}, {"y"}, {{"axis", 0}});
  LoadOptions options = row_wise();
  options.batch_rows_max = 8;
  options.samples = {{DataType::INT64, shape_of({4}), raw_of<int64_t>({0, 1, 2, 3})}};
  return load(model, options);
}

struct Results final : BatchSink {
  void on_outputs(size_t index, std::span<const OutputView> outputs) override {
    values[index] = values_of<float>(outputs[0].data);
    order.push_back(index);
  }
  void on_error(size_t index, const Status& status) override {
    errors[index] = status;
    order.push_back(index);
  }
  std::map<size_t, std::vector<float>> values;
  std::map<size_t, Status> errors;
  std::vector<size_t> order;
};

}  // namespace

TEST_CASE("a row that fails its batch spoils none of its neighbours") {
  const auto version = lookup_table();
  REQUIRE(version->batch_plan().batchable);
  const TestRequest a(*version, {{2}}, {raw_of<int64_t>({3, 0})});
  const TestRequest bad(*version, {{1}}, {raw_of<int64_t>({99})});
  const TestRequest b(*version, {{1}}, {raw_of<int64_t>({1})});
  const BoundRequest* group[] = {&a.bound, &bad.bound, &b.bound};
  const uint64_t now_ns = monotonic_ns();
  const uint64_t arrived_ns[] = {now_ns, now_ns, now_ns};
  Results results;
  BatchRunner runner(0, RunPlace::io_thread);
  runner.run(*version, group, arrived_ns, results);
  CHECK(results.order == std::vector<size_t>{0, 1, 2});
  CHECK(results.values.at(0) == std::vector<float>{13, 10});
  CHECK(results.values.at(2) == std::vector<float>{11});
  CHECK(results.errors.at(1).error == Error::run_failed);
  const VersionStats& stats = version->thread(0).stats;
  CHECK(stats.success.get() == 2);
  CHECK(stats.fail.get() == 1);
  CHECK(stats.errors[static_cast<size_t>(Error::run_failed)].get() == 1);
  CHECK(stats.rows.get() == 3);
}

TEST_CASE("a group is counted once as a run and each request with the group's time") {
  const auto version = lookup_table();
  const TestRequest a(*version, {{1}}, {raw_of<int64_t>({3})});
  const TestRequest b(*version, {{2}}, {raw_of<int64_t>({1, 2})});
  const BoundRequest* group[] = {&a.bound, &b.bound};
  const uint64_t now_ns = monotonic_ns();
  const uint64_t arrived_ns[] = {now_ns - 5'000, now_ns - 1'000};
  Results results;
  BatchRunner runner(0, RunPlace::worker);
  runner.run(*version, group, arrived_ns, results);
  const VersionStats& stats = version->thread(0).stats;
  CHECK(stats.runs.get() == 1);
  CHECK(stats.worker_runs.get() == 1);
  CHECK(stats.success.get() == 2);
  CHECK(stats.queue_ns.get() >= 6'000);
  const BatchSizeStats& three_rows = stats.batch_sizes[3];
  CHECK(three_rows.runs.get() == 1);
  CHECK(stats.compute_infer_ns.get() == 2 * three_rows.compute_infer_ns.get());
}

TEST_CASE("what a shadow runs is measured, and counted as nobody's request") {
  const auto version = lookup_table();
  const TestRequest good(*version, {{1}}, {raw_of<int64_t>({3})});
  const TestRequest bad(*version, {{1}}, {raw_of<int64_t>({99})});
  const BoundRequest* group[] = {&good.bound, &bad.bound};
  const uint64_t arrived_ns[] = {monotonic_ns(), monotonic_ns()};
  Results results;
  BatchRunner runner(0, RunPlace::shadow);
  runner.run(*version, group, arrived_ns, results);
  CHECK(results.values.at(0) == std::vector<float>{13});
  CHECK(results.errors.at(1).error == Error::run_failed);
  CHECK(runner.run_ns() == 0);  // of a group that failed
  runner.run(*version, {group, 1}, {arrived_ns, 1}, results);
  CHECK(runner.run_ns() > 0);
  CHECK(runner.times().run_end_ns > arrived_ns[0]);
  const VersionStats& stats = version->thread(0).stats;
  CHECK(stats.success.get() + stats.fail.get() + stats.runs.get() == 0);
  CHECK(stats.last_inference_ms.get() == 0);
}

TEST_CASE("who may join a group") {
  const auto version = lookup_table();
  const TestRequest two(*version, {{2}}, {raw_of<int64_t>({0, 0})});
  const TestRequest none(*version, {{0}}, {Bytes()});
  const BoundRequest* group[] = {&two.bound};
  const BoundRequest* empty_group[] = {&none.bound};
  CHECK(can_join(*version, group, 6, two.bound));
  CHECK_FALSE(can_join(*version, group, 7, two.bound));  // nine rows, and there may be eight
  CHECK_FALSE(can_join(*version, group, 2, none.bound));
  CHECK_FALSE(can_join(*version, empty_group, 0, two.bound));
  LoadOptions alone;  // neither proved nor claimed
  const auto single = load(
      OnnxModel().input("x", kFloat, {-1}).output("y", kFloat, {-1}).node("Identity", {"x"}, {"y"}),
      alone);
  const TestRequest one(*single, {{1}}, {raw_of<float>({1})});
  const BoundRequest* single_group[] = {&one.bound};
  CHECK_FALSE(can_join(*single, single_group, 1, one.bound));
}
