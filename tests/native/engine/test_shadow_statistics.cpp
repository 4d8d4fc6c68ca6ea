#include <doctest/doctest.h>

#include <limits>
#include <thread>

#include "engine/engine_fixture.h"
#include "engine/rollout_statistics.h"
#include "engine/shadow_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

// Version 1 doubles and is the champion of "scale"; so many shadows see what it answers.
struct Shadowed {
  explicit Shadowed(EngineOptions options) : serving(options), champion(serving.load(1, 2)) {}

  void publish(const std::vector<std::shared_ptr<ModelVersion>>& versions,
               uint32_t sample_ppm = ShadowOptions::kAll) {
    RolloutOptions options;
    options.model = "scale";
    options.arms = {{Role::champion, champion->version}};
    options.queue_items_max = 1'024;
    for (const auto& version : versions) options.shadows.push_back({version, sample_ppm, 0});
    options.shadow_options = serving.engine.shadow_options();
    rollout = std::make_shared<Rollout>(options);
    serving.engine.adopt_shadows(*rollout);
    std::vector<ModelRoute> models;
    models.push_back({"scale", {champion}, {}, rollout});
    serving.engine.publish(std::move(models), {}, true);
  }
  // Every byte that was answered to `requests` requests of one connection, in cycles of many.
  std::string answers(int requests) {
    GrpcTestClient client(serving.port);
    std::string all;
    for (int sent = 0; sent < requests;) {
      client.cork();
      std::vector<int32_t> streams;
      for (int i = 0; i < 50 && sent < requests; ++i, ++sent) {
        streams.push_back(
            client.send(kInfer, infer_request("scale", {static_cast<float>(sent), 7}, "id")));
      }
      client.uncork();
      for (const int32_t stream : streams) {
        const GrpcReply& reply = client.wait(stream);
        REQUIRE_MESSAGE(reply.status == 0, reply.message);
        all += reply.messages.at(0);
      }
    }
    return all;
  }
  // The last cycle may end a little after its answers are seen.
  void wait_for_offers(uint64_t offers) const {
    for (const auto& shadow : rollout->shadows()) {
      while (count_of(*shadow, "offered") < offers || count_of(*shadow, "in_flight") > 0) {
        std::this_thread::yield();
      }
      check_balance(*shadow);
    }
  }

  ServingEngine serving;
  std::shared_ptr<ServedVersion> champion;
  std::shared_ptr<Rollout> rollout;
};

EngineOptions with_inline_us(uint32_t inline_run_us_max) {
  EngineOptions options;
  options.limits.inline_run_us_max = inline_run_us_max;
  options.limits.shadow_items_max = 65'536;
  return options;
}

}  // namespace

TEST_CASE("what the threads have counted is summed, under the names of the statistics") {
  const auto version = version_scale(2);
  const Shadow shadow(version, *version, shadow_options());
  shadow.sample_out(0);
  shadow.sample_out(1);
  shadow.drop(1, ShadowDrop::bytes_full);
  for (uint32_t thread = 0; thread < kShadowThreads; ++thread) {
    ShadowRunStats& runs = shadow.runs(thread);
    runs.error.add(2);
    runs.errors[static_cast<size_t>(Error::run_failed)].add(2);
    runs.latency.update(1'000'000);
    ShadowOutputStats& y = runs.outputs[0];
    y.compared.add(3);
    y.add_disagreement(0.5);
    y.shadow_non_finite.add();
    y.wrong_shape.add(4);
    y.add_score_difference(0.25);
    y.add_score_difference(1e-6);
  }
  const ShadowStatistics found = read_shadow(shadow);
  CHECK(found.version == 1);
  CHECK(found.source == 1);
  CHECK(found.sample_ppm == ShadowOptions::kAll);
  CHECK(count_of(found.counts, "offered") == 3);
  CHECK(count_of(found.counts, "sampled_out") == 2);
  CHECK(count_of(found.counts, "error") == 4);
  CHECK(count_of(found.dropped, "bytes_full") == 1);
  CHECK(count_of(found.dropped, "queue_full") == 0);
  CHECK(found.errors == NamedCounts{{"run_failed", 4}});
  CHECK(count_of(found.latency_ns, "p99") == doctest::Approx(1e6).epsilon(0.04));
  CHECK(found.latency == HistogramCounts{{999'424, kShadowThreads}});
  CHECK(count_of(found.run_ns, "p99") == 0);
  CHECK(found.run.empty());
  REQUIRE(found.outputs.size() == 1);
  const ShadowOutputStatistics& y = found.outputs[0];
  CHECK(y.name == "y");
  CHECK(y.mode == "argmax");
  CHECK(y.compared == 6);
  CHECK(y.disagreed == 1);
  CHECK(y.shadow_non_finite == 2);
  CHECK(y.incompatible == NamedCounts{{"missing", 0}, {"dtype", 0}, {"shape", 8}});
  CHECK(y.score_difference.at(0).second == 1e-6);
  CHECK(y.score_difference.at(3).first == "max");
  CHECK(y.score_difference.at(3).second == doctest::Approx(0.25).epsilon(0.04));
  REQUIRE(y.score_buckets.size() == 2);
  CHECK(y.score_buckets[0] == std::pair<double, uint64_t>{1e-6, 2});
  CHECK(y.score_buckets[1].second == 2);
  CHECK(read_shadow(Shadow(nullptr, *version, {})).version == 0);
}

TEST_CASE(
    "what the champion answers, inline or by workers, its shadows see and are compared with") {
  for (const uint32_t inline_us : {300u, 0u}) {
    Shadowed shadowed(with_inline_us(inline_us));
    const auto same = shadowed.serving.load(2, 2), other = shadowed.serving.load(3, -2);
    shadowed.publish({same->version, other->version});
    shadowed.answers(500);
    shadowed.wait_for_offers(500);
    const RolloutCounters counters = read_rollout(*shadowed.rollout);
    REQUIRE(counters.shadows.size() == 2);
    CHECK(counters.shadows[0].version == 2);
    CHECK(count_of(counters.shadows[0].counts, "ok") == 500);
    CHECK(counters.shadows[0].outputs.at(0).compared == 500);
    CHECK(counters.shadows[0].outputs.at(0).disagreed == 0);
    CHECK(counters.shadows[1].outputs.at(0).disagreed == 499);  // but for [7, 7]
    CHECK(count_of(counters.shadows[0].champion_latency_ns, "p50") > 0);
    // What shadows do is no request of any version.
    CHECK(shadowed.serving.count("success") == 500);
    CHECK(shadowed.serving.count("fail") == 0);
  }
}

TEST_CASE("streams and compressed replies are shown like any other") {
  for (const uint32_t inline_us : {300u, 0u}) {
    Shadowed shadowed(with_inline_us(inline_us));
    shadowed.publish({shadowed.serving.load(2, 2)->version});
    GrpcTestClient client(shadowed.serving.port);
    const GrpcReply streamed = client.call(kStream, infer_request("scale", {1, 2}));
    CHECK(streamed.status == 0);
    const GrpcReply zipped =
        client.call(kInfer, infer_request("scale", {3, 4}),
                    {{"grpc-accept-encoding", "gzip"}, {"grpc-encoding", "gzip"}});
    CHECK(zipped.status == 0);
    shadowed.wait_for_offers(2);
    const ShadowStatistics found = read_shadow(*shadowed.rollout->shadows()[0]);
    CHECK(count_of(found.counts, "ok") == 2);
    CHECK(found.outputs.at(0).disagreed == 0);
  }
}

TEST_CASE("replies are byte for byte those without shadows, whatever the shadows do") {
  for (const uint32_t inline_us : {300u, 0u}) {
    EngineOptions options = with_inline_us(inline_us);
    options.limits.shadow_items_max = 64;
    Shadowed shadowed(options);
    shadowed.publish({});
    const std::string expected = shadowed.answers(2'000);
    const auto loaded = [&](const OnnxModel& model, LoadOptions chosen) {
      chosen.thread_slots = thread_slots_of(options);
      std::shared_ptr<ModelVersion> version;
      REQUIRE(
          ModelVersion::load(ort_runtime(), "scale", 9, model.bytes(), {}, chosen, version).ok());
      return version;
    };
    const auto nan = shadowed.serving.load(2, std::numeric_limits<float>::quiet_NaN())->version;
    shadowed.publish({loaded(model_that_fails(), options_to_fail()),
                      loaded(model_heavy(), options_alone()), nan, shadowed.champion->version});
    CHECK(shadowed.answers(2'000) == expected);
    shadowed.wait_for_offers(2'000);
    for (const auto& shadow : shadowed.rollout->shadows()) {
      CHECK(count_of(*shadow, "offered") == 2'000);
    }
  }
}

TEST_CASE("a request that was not answered well, or asks for a version, is shown to nobody") {
  Shadowed shadowed(with_inline_us(300));
  shadowed.publish({shadowed.serving.load(2, 2)->version});
  GrpcTestClient client(shadowed.serving.port);
  CHECK(client.call(kInfer, infer_request("scale", {1})).status != 0);
  CHECK(client.call(kInfer, infer_request("scale", {1, 2}, "", "1")).status == 0);
  CHECK(client.call(kInfer, infer_request("scale", {1, 2}), {{"grpc-timeout", "1n"}}).status != 0);
  CHECK(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  shadowed.wait_for_offers(1);
  CHECK(count_of(*shadowed.rollout->shadows()[0], "offered") == 1);
}

TEST_CASE("an engine stops with items queued and running, and they are all accounted for") {
  for (int round = 0; round < 5; ++round) {
    Shadowed shadowed(with_inline_us(300));
    shadowed.publish({shadowed.serving.load(2, 2)->version});
    shadowed.answers(300);
    shadowed.serving.engine.stop();
    const Shadow& shadow = *shadowed.rollout->shadows()[0];
    CHECK(count_of(shadow, "offered") == 300);
    CHECK(count_of(shadow, "in_flight") == 0);
    CHECK(shadow.bytes_held() == 0);
    check_balance(shadow);
  }
}
