// Rollouts through a real engine: who answers, and what is counted of it.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

#include "engine/engine_fixture.h"
#include "engine/rollout_statistics.h"
#include "route/rollout_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

EngineOptions with(uint32_t inline_run_us_max) {
  EngineOptions options;
  options.limits.inline_run_us_max = inline_run_us_max;
  return options;
}

std::shared_ptr<Rollout> rollout_of(const std::shared_ptr<ModelVersion>& champion,
                                    const std::shared_ptr<ModelVersion>& canary, size_t buckets) {
  RolloutOptions options = canary_options(champion, canary, owners_of(1, 0, buckets));
  options.queue_items_max = 1'024;
  REQUIRE(Rollout::problem(options).empty());
  return std::make_shared<Rollout>(options);
}

void publish(ServingEngine& serving, std::shared_ptr<const Rollout> rollout) {
  std::vector<ModelRoute> models;
  models.push_back({"scale", {}, {}, std::move(rollout)});
  serving.engine.publish(std::move(models), {}, true);
}

uint64_t value_of(const NamedCounts& counts, const std::string& name) {
  for (const auto& [key, value] : counts) {
    if (key == name) return value;
  }
  FAIL("no count " << name);
  return 0;
}

}  // namespace

TEST_CASE("the canary's keys are answered by the canary, and each arm counts its own") {
  for (const uint32_t inline_us : {300u, 0u}) {
    ServingEngine serving(with(inline_us));
    const auto one = serving.load(1, 1)->version, two = serving.load(2, 2)->version;
    const auto rollout = rollout_of(one, two, Rollout::kBuckets / 2);
    publish(serving, rollout);
    GrpcTestClient client(serving.port);
    uint64_t by_canary = 0;
    for (int i = 0; i < 200; ++i) {
      const std::string key = "key-" + std::to_string(i);
      const GrpcReply reply =
          client.call(kInfer, infer_request("scale", {1, 3}, "same"), {{"tiltyard-key", key}});
      REQUIRE(reply.status == 0);
      const bool is_canary = Rollout::hash(kSalt, key) >> 48 < Rollout::kBuckets / 2;
      by_canary += is_canary ? 1 : 0;
      const InferReply parsed = parse_reply(reply.messages.at(0));
      CHECK(parsed.model_version == (is_canary ? "2" : "1"));
      CHECK(parsed.values == (is_canary ? std::vector<float>{2, 6} : std::vector<float>{1, 3}));
    }
    serving.engine.stop();  // a reply is counted after it has been sent
    const RolloutCounters counters = read_rollout(*rollout);
    REQUIRE(counters.arms.size() == 3);
    CHECK(counters.arms[1].role == "canary");
    CHECK(value_of(counters.arms[1].counts, "completed") == by_canary);
    CHECK(value_of(counters.arms[0].counts, "completed") == 200 - by_canary);
    CHECK(value_of(counters.arms[0].counts, "in_flight") == 0);
    CHECK(value_of(counters.arms[1].run_ns, "max") > 0);
    uint64_t latencies = 0;
    for (const auto& [floor_ns, n] : counters.arms[1].latency) latencies += n;
    CHECK(latencies == by_canary);
  }
}

TEST_CASE("what the champion takes and the canary does not is the champion's, and counted aside") {
  ServingEngine serving;
  const auto one = serving.load(1, 1)->version;
  const auto wide = scale_version("scale", 2, 2, 3, one->thread_slots());
  const auto rollout = rollout_of(one, wide, Rollout::kBuckets);
  publish(serving, rollout);
  GrpcTestClient client(serving.port);
  const GrpcReply reply = client.call(kInfer, infer_request("scale", {1, 3}));
  REQUIRE(reply.status == 0);
  CHECK(parse_reply(reply.messages.at(0)).model_version == "1");
  const GrpcReply wrong = client.call(kInfer, infer_request("scale", {1, 3, 4, 5, 6}));
  CHECK(wrong.status == static_cast<int>(GrpcCode::invalid_argument));
  serving.engine.stop();  // a reply is counted after it has been sent
  const RolloutCounters counters = read_rollout(*rollout);
  CHECK(counters.ineligible == 1);
  CHECK(counters.unsplit.role == "unsplit");
  CHECK(counters.unsplit.version == 1);
  CHECK(value_of(counters.unsplit.counts, "assigned") == 1);
  CHECK(value_of(counters.unsplit.counts, "completed") == 1);
  REQUIRE(counters.unsplit.latency.size() == 1);
  CHECK(value_of(counters.arms[0].counts, "assigned") == 0);
  CHECK(value_of(counters.arms[1].counts, "assigned") == 1);
  CHECK(counters.arms[1].errors.size() == 1);
}

TEST_CASE("while tables change under load each reply is one version's, and none is lost") {
  for (const uint32_t inline_us : {300u, 0u}) {
    ServingEngine serving(with(inline_us));
    const auto one = serving.load(1, 1)->version, two = serving.load(2, 2)->version;
    std::vector<std::shared_ptr<Rollout>> rollouts;
    publish(serving, rollout_of(one, two, 0));
    std::atomic<bool> done{false};
    std::thread swapper([&] {
      for (size_t i = 0; !done.load(); ++i) {
        rollouts.push_back(i % 2 == 0 ? rollout_of(two, one, 0) : rollout_of(one, two, 0));
        publish(serving, rollouts.back());
        std::this_thread::yield();
      }
    });
    GrpcTestClient client(serving.port);
    std::map<std::string, int> seen;
    for (int round = 0; round < 50; ++round) {
      client.cork();
      std::vector<int32_t> streams;
      for (int i = 0; i < 40; ++i)
        streams.push_back(client.send(kInfer, infer_request("scale", {1, 3})));
      client.uncork();
      for (const int32_t stream : streams) {
        const GrpcReply& reply = client.wait(stream);
        REQUIRE_MESSAGE(reply.status == 0, reply.message);
        const InferReply parsed = parse_reply(reply.messages.at(0));
        ++seen[parsed.model_version];
        const float factor = parsed.model_version == "1" ? 1 : 2;
        CHECK(parsed.values == std::vector<float>{factor, 3 * factor});
      }
    }
    done = true;
    swapper.join();
    CHECK(seen["1"] + seen["2"] == 2'000);
  }
}
