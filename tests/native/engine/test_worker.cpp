#include <doctest/doctest.h>

#include "engine/engine_fixture.h"
#include "engine/job_fixture.h"
#include "engine/worker.h"
#include "recorded_rows.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint32_t kSlot = 1;

void push(ServedVersion& served, Job* job) {
  REQUIRE(served.queue.try_push(job));
}

}  // namespace

TEST_CASE("a group is run at once and each job comes home with its own rows") {
  Jobs jobs;
  const auto served = served_scale(3);
  Worker worker(*jobs.shared.records, kSlot);
  CHECK_FALSE(worker.take_group(*served));
  std::vector<Job*> made;
  while (made.size() < 40) {  // the size of groups is learned, from one row on
    for (int i = 0; i < 10; ++i) {
      const auto value = static_cast<float>(made.size());
      made.push_back(jobs.make(served, {value, 1}, "id-" + std::to_string(made.size())));
      push(*served, made.back());
    }
    while (worker.take_group(*served)) worker.run_group();
  }
  for (size_t i = 0; i < made.size(); ++i) {
    const InferReply reply = reply_of(*made[i]);
    CHECK(reply.values == std::vector<float>{static_cast<float>(3 * i), 3});
    CHECK(reply.id == "id-" + std::to_string(i));
  }
  CHECK(total(*served, &VersionStats::success) == 40);
  CHECK(total(*served, &VersionStats::worker_runs) < 40);
  CHECK(total(*served, &VersionStats::inline_runs) == 0);
}

TEST_CASE("a job that was cancelled, or whose deadline has passed, is never run") {
  Jobs jobs;
  const auto served = served_scale(3);
  Job* cancelled = jobs.make(served, {1, 2});
  Job* expired = jobs.make(served, {1, 2});
  Job* late = jobs.make(served, {1, 2});
  cancelled->cancelled.store(true);
  expired->deadline_ns = 1;
  late->deadline_ns = monotonic_ns() + 3'600'000'000'000;
  push(*served, cancelled);
  push(*served, expired);
  Worker worker(*jobs.shared.records, kSlot);
  CHECK_FALSE(worker.take_group(*served));
  CHECK(cancelled->status.error == Error::cancelled);
  CHECK(expired->status.error == Error::deadline_passed);
  CHECK(total(*served, &VersionStats::runs) == 0);
  CHECK(total(*served, &VersionStats::fail) == 2);
  push(*served, late);
  REQUIRE(worker.take_group(*served));
  worker.run_group();
  CHECK(reply_of(*late).values == std::vector<float>{3, 6});
}

TEST_CASE("a job that does not fit the group is run after it") {
  Jobs jobs;
  const auto served = served_scale(2, 4);
  Worker worker(*jobs.shared.records, kSlot);
  std::vector<Job*> made;
  for (int round = 0; round < 30; ++round) {
    for (int rows : {1, 3, 2, 4, 1}) {
      const auto value = static_cast<float>(made.size());
      made.push_back(jobs.make(served, std::vector<float>(static_cast<size_t>(rows) * 2, value)));
      push(*served, made.back());
    }
    while (worker.take_group(*served)) worker.run_group();
  }
  for (size_t i = 0; i < made.size(); ++i) {
    const auto expected = static_cast<float>(2 * i);
    for (const float value : reply_of(*made[i]).values) CHECK(value == expected);
  }
  CHECK(total(*served, &VersionStats::success) == made.size());
  CHECK(total(*served, &VersionStats::rows) == 30 * 11);
}

TEST_CASE("a job that did not fit is counted after it has gone home, where it may be freed") {
  EngineOptions options;
  options.limits.inline_run_us_max = 0;
  options.limits.batch_rows_max = 4;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  for (int round = 0; round < 50; ++round) {
    std::vector<int32_t> streams;
    for (int i = 0; i < 20; ++i) {
      const auto rows = static_cast<size_t>(1 + i % 4);
      streams.push_back(
          client.send(kInfer, infer_request("scale", std::vector<float>(2 * rows, 1))));
    }
    for (const int32_t stream : streams) REQUIRE(client.wait(stream).status == 0);
  }
  serving.engine.stop();  // what is counted after the reply is counted now
  CHECK(serving.count("success") == 1'000);
  CHECK(serving.count("queue_ns") < 3'600'000'000'000);  // of sane times, not of freed memory
}

TEST_CASE("a mistake that only the version's signature shows fails that job alone") {
  Jobs jobs;
  const auto served = served_scale(2);
  Job* good = jobs.make(served, {1, 2});
  Job* broken = jobs.make(served, {1, 2});
  broken->message.owned.pop_back();
  broken->message.view = broken->message.owned;
  push(*served, broken);
  push(*served, good);
  Worker worker(*jobs.shared.records, kSlot);
  REQUIRE(worker.take_group(*served));
  worker.run_group();
  CHECK(broken->status.error == Error::malformed_message);
  CHECK(reply_of(*good).values == std::vector<float>{2, 4});
}

TEST_CASE("a client that accepts gzip gets it from a worker too, and streams their wrapping") {
  Jobs jobs;
  const auto served = served_scale(2);
  Job* zipped = jobs.make(served, {1, 2});
  Job* streamed = jobs.make(served, {3, 4});
  zipped->reply_gzip = true;
  streamed->is_stream = true;
  push(*served, zipped);
  push(*served, streamed);
  Worker worker(*jobs.shared.records, kSlot);
  while (worker.take_group(*served)) worker.run_group();
  CHECK(zipped->framed[0] == 1);
  CHECK(parse_reply(inflate(zipped->framed.substr(kGrpcPrefixBytes))).values ==
        std::vector<float>{2, 4});
  std::string error;
  const InferReply reply = parse_stream_reply(streamed->framed.substr(kGrpcPrefixBytes), error);
  CHECK(reply.values == std::vector<float>{6, 8});
  CHECK(error.empty());
}

TEST_CASE("a job whose version was withdrawn goes home unrun, to be routed again") {
  Jobs jobs;
  const auto served = served_scale(3);
  Job* waiting = jobs.make(served, {1, 2});
  push(*served, waiting);
  served->withdrawn.store(true);
  Worker worker(*jobs.shared.records, kSlot);
  CHECK_FALSE(worker.take_group(*served));
  CHECK(waiting->reroute);
  CHECK(waiting->status.ok());
  CHECK(total(*served, &VersionStats::runs) == 0);
  CHECK(total(*served, &VersionStats::fail) == 0);
}

TEST_CASE("what a worker has answered is recorded from its own thread's place") {
  Jobs jobs;
  const auto loaded = served_scale(3);
  const auto served =
      std::make_shared<ServedVersion>(loaded->version, 16, Role::canary, 1, nullptr);
  const auto plan = record_all(*served->version);
  const auto reader = RecordReader::open(jobs.shared.records);
  Job* cancelled = jobs.make(served, {9, 9});
  cancelled->cancelled.store(true);
  Job* answered = jobs.make(served, {1, 2, 3, 4}, "id");
  push(*served, cancelled);
  push(*served, answered);
  Worker worker(*jobs.shared.records, kSlot);
  while (worker.take_group(*served)) worker.run_group();
  REQUIRE(answered->status.ok());
  const std::vector<RecordedRow> rows = take_rows(*reader);
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].plane == 2);
  CHECK(rows[1].values == std::vector<float>{3, 4, 9, 12});
  CHECK(rows[1].head.time_ns == rows[1].head.latency_ns + answered->arrived_ns);
  CHECK(plan->lane(kSlot, RecordPlane::canary).offered.get() == 2);
}
