#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <thread>

#include "model/model_version.h"
#include "model/ort_fixture.h"

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

TEST_CASE("a loaded version knows its name, number, signature, plan, shapes and cost") {
  LoadOptions options = row_wise();
  options.thread_slots = 3;
  std::shared_ptr<ModelVersion> version;
  REQUIRE(
      ModelVersion::load(ort_runtime(), "fraud", 12, scale().bytes(), {}, options, version).ok());
  CHECK(version->model() == "fraud");
  CHECK(version->number() == 12);
  CHECK(version->number_text() == "12");
  CHECK(version->signature().inputs.at(0).name == "x");
  CHECK(version->batch_plan().batchable);
  CHECK(version->batch_plan().reason.empty());
  CHECK(version->batch_rows_max() == options.batch_rows_max);
  CHECK(version->outputs_preallocated());
  CHECK(shape_text(version->output_shapes().at(0)) == "[-1,2]");
  CHECK(version->cost().predict_ns(2) > 0);
  CHECK(version->cost().predict_ns(2'000'000) >= version->cost().predict_ns(2));
  CHECK(version->thread_slots() == 3);
}

TEST_CASE("threads run one version at once, each in its own slot") {
  LoadOptions options = row_wise();
  options.thread_slots = 3;
  const auto version = load(scale(), options);
  std::vector<std::thread> threads;
  for (uint32_t slot = 0; slot < 3; ++slot) {
    threads.emplace_back([&, slot] {
      for (int i = 0; i < 200; ++i) {
        const auto value = static_cast<float>(slot * 1'000 + static_cast<uint32_t>(i));
        const TestRequest request(*version, {{1, 2}}, {raw_of<float>({value, 1})});
        CHECK(values_of<float>(run_alone(*version, request.bound, slot).at(0)) ==
              std::vector<float>{3 * value, 3});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("what cannot be loaded is named with its reason, and nothing is left of it") {
  std::shared_ptr<ModelVersion> version;
  const Status status =
      ModelVersion::load(ort_runtime(), "fraud", 12, "no model", {}, row_wise(), version);
  CHECK(status.error == Error::load_failed);
  CHECK(status.message.starts_with("model 'fraud' version 12 cannot be loaded: "));
  CHECK(version == nullptr);
}

TEST_CASE("what is recorded can be replaced and ended, and a plan that somebody uses stays") {
  std::weak_ptr<const RecordPlan> first;
  {
    const auto version = load(scale());
    CHECK(version->record_plan() == nullptr);
    const std::array<uint64_t, kRecordPlanes> planes = {1, 2, 3, 4};
    auto plan = std::make_shared<const RecordPlan>(RecordLayout(), planes, 1);
    first = plan;
    version->set_record_plan(std::move(plan));
    const RecordPlan* const used = version->record_plan();
    version->set_record_plan(std::make_shared<const RecordPlan>(RecordLayout(), planes, 1));
    CHECK(version->record_plan() != used);
    version->set_record_plan(nullptr);
    CHECK(version->record_plan() == nullptr);
    CHECK_FALSE(first.expired());
    used->lane(0, RecordPlane::champion).offered.add();
  }
  CHECK(first.expired());
}
