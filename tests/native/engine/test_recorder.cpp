#include <doctest/doctest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cmath>

#include "engine/recorder.h"
#include "model/ort_fixture.h"
#include "recorded_rows.h"
#include "route/rollout_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint32_t kSlot = 1;

std::shared_ptr<ServedVersion> served_as(const std::shared_ptr<ModelVersion>& version, Role role) {
  return std::make_shared<ServedVersion>(version, 16, role, 1, nullptr);
}

// Rows of two, doubled.
struct Answered {
  Answered(const ModelVersion& version, const std::vector<float>& values, const std::string& id)
      : name(id), bound(version, {{static_cast<int64_t>(values.size() / 2), 2}}, {raw_of(values)}) {
    request.id = name;
    bound.bound.request = &request;
    std::vector<float> doubled;
    for (const float value : values) doubled.push_back(2 * value);
    result = raw_of(doubled);
    outputs.push_back({&version.signature().outputs[0], bound.bound.inputs[0].shape, result});
  }
  std::string name;
  InferRequestView request;
  TestRequest bound;
  Bytes result;
  std::vector<OutputView> outputs;
};

struct Fixture {
  std::shared_ptr<ModelVersion> version = scale_version("scale", 1, 2);
  std::shared_ptr<RecordPool> pool = std::make_shared<RecordPool>(2, 16 * kRecordBlockBytes);
  std::unique_ptr<RecordReader> reader = RecordReader::open(pool);
  Recorder recorder{*pool, kSlot};

  void record(Role role, const Answered& answered) {
    recorder.record(*served_as(version, role), answered.bound.bound, answered.outputs,
                    {5'000, 4'000'000'000'000});
  }
};

}  // namespace

TEST_CASE("every row of a request is recorded, with its request, place, time and values") {
  Fixture fixture;
  const auto plan = record_all(*fixture.version);
  const Answered two(*fixture.version, {1, 2, 3, 4}, "id-7"),
      nameless(*fixture.version, {5, 6}, "");
  fixture.record(Role::champion, two);
  fixture.record(Role::champion, nameless);
  const std::vector<RecordedRow> rows = take_rows(*fixture.reader);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].values == std::vector<float>{1, 2, 2, 4});
  CHECK(rows[1].values == std::vector<float>{3, 4, 6, 8});
  CHECK(rows[2].values == std::vector<float>{5, 6, 10, 12});
  for (size_t i = 0; i < 2; ++i) {
    CHECK(rows[i].head.request_hash == XXH3_64bits("id-7", 4));
    CHECK(rows[i].head.request_rows == 2);
    CHECK(rows[i].head.row == i);
  }
  CHECK(rows[2].head.request_hash == 0);
  CHECK(rows[2].head.request_rows == 1);
  CHECK(rows[2].head.time_ns == 5'000);
  CHECK(rows[2].head.latency_ns == UINT32_MAX);
  CHECK(rows[2].head.flags == 0);
  CHECK(plan->counts(RecordPlane::champion).offered == 3);
  CHECK(plan->counts(RecordPlane::champion).dropped == 0);
}

TEST_CASE("a role has its plane, and pinned and synthetic requests have none") {
  Fixture fixture;
  record_all(*fixture.version);
  Answered request(*fixture.version, {1, 2}, "");
  for (const Role role : {Role::champion, Role::control, Role::unsplit, Role::canary}) {
    fixture.record(role, request);
    const std::vector<RecordedRow> rows = take_rows(*fixture.reader);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].plane == (role == Role::canary ? 2u : 1u));
  }
  request.request.model_version = "1";
  fixture.record(Role::pinned, request);
  CHECK(take_rows(*fixture.reader).empty());
  request.request.model_version = {};
  fixture.record(Role::pinned, request);  // no rollout, so the newest version answers
  CHECK(take_rows(*fixture.reader).size() == 1);

  ParameterView synthetic;
  synthetic.key = "tiltyard_synthetic";
  synthetic.kind = ParameterView::Kind::boolean;
  request.request.parameters.push_back(synthetic);
  fixture.record(Role::champion, request);  // it says that it is none
  CHECK(take_rows(*fixture.reader).size() == 1);
  request.request.parameters[0].boolean = true;
  fixture.record(Role::champion, request);
  fixture.recorder.record_shadow(*fixture.version, request.bound.bound, request.outputs, {});
  fixture.recorder.record_shadowed(*fixture.version, request.bound.bound, {}, {});
  CHECK(take_rows(*fixture.reader).empty());
}

TEST_CASE("without a plan nothing is recorded, and with the next one it goes on in its planes") {
  Fixture fixture;
  const Answered request(*fixture.version, {1, 2}, "");
  fixture.record(Role::champion, request);
  CHECK(take_rows(*fixture.reader).empty());
  const auto first = record_all(*fixture.version);
  fixture.record(Role::champion, request);
  const auto second = record_all(*fixture.version, {11, 12, 13, 14});
  fixture.record(Role::champion, request);
  const std::vector<RecordedRow> rows = take_rows(*fixture.reader);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].plane == 1);
  CHECK(rows[1].plane == 11);
  fixture.version->set_record_plan(nullptr);
  fixture.record(Role::champion, request);
  CHECK(take_rows(*fixture.reader).empty());
  CHECK(first->counts(RecordPlane::champion).offered == 1);
  CHECK(second->counts(RecordPlane::champion).offered == 1);
}

TEST_CASE("what a shadow computed and what the champion replied are told apart") {
  Fixture fixture;
  record_all(*fixture.version);
  const Answered request(*fixture.version, {1, 2}, "id");
  InferResponseView reply;
  const Bytes champions = raw_of<float>({7, 8});
  reply.outputs.push_back({"y", {DataType::FP32, request.outputs[0].shape, champions}});
  fixture.recorder.record_shadow(*fixture.version, request.bound.bound, request.outputs, {9, 1});
  fixture.recorder.record_shadowed(*fixture.version, request.bound.bound, reply, {9, 2});
  std::vector<RecordedRow> rows = take_rows(*fixture.reader);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].plane == 3);
  CHECK(rows[0].values == std::vector<float>{1, 2, 2, 4});
  CHECK(rows[1].plane == 4);
  CHECK(rows[1].values == std::vector<float>{1, 2, 7, 8});
  CHECK(rows[0].head.request_hash == rows[1].head.request_hash);

  reply.outputs[0].name = "another";
  fixture.recorder.record_shadowed(*fixture.version, request.bound.bound, reply, {9, 2});
  rows = take_rows(*fixture.reader);
  CHECK(rows[0].values[1] == 2);
  CHECK((std::isnan(rows[0].values[2]) && std::isnan(rows[0].values[3])));
}

TEST_CASE("a request without rows has no record") {
  Fixture fixture;
  const auto plan = record_all(*fixture.version);
  fixture.record(Role::champion, Answered(*fixture.version, {}, "id"));
  CHECK(take_rows(*fixture.reader).empty());
  CHECK(plan->counts(RecordPlane::champion).offered == 0);
}

TEST_CASE("rows that find no block are dropped, and offered = read + dropped") {
  Fixture fixture;
  const auto plan = record_all(*fixture.version);
  const Answered many(*fixture.version, std::vector<float>(2 * 1'000, 1), "");
  uint64_t read = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) fixture.record(Role::champion, many);
    read += take_rows(*fixture.reader).size();
  }
  const RecordCounts counts = plan->counts(RecordPlane::champion);
  CHECK(counts.offered == 30'000);
  CHECK(counts.dropped > 0);
  CHECK(read + counts.dropped == counts.offered);
  CHECK(fixture.pool->records_dropped() == counts.dropped);
}
