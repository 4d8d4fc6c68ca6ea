// Where a request may end before it runs, through a real engine.
#include <doctest/doctest.h>

#include <thread>

#include "engine/engine_fixture.h"
#include "engine/infer_path.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

EngineOptions with(uint32_t inline_run_us_max) {
  EngineOptions options;
  options.limits.inline_run_us_max = inline_run_us_max;
  return options;
}

std::vector<ModelRoute> models_of(ServingEngine& serving, int count) {
  std::vector<ModelRoute> models;
  for (int m = 0; m < count; ++m) {
    models.push_back({"m" + std::to_string(m), {serving.load(1, static_cast<float>(m))}, {}});
  }
  return models;
}

// 200 requests over 20 models in one write, each answer checked.
void burst(ServingEngine& serving) {
  serving.engine.publish(models_of(serving, 20), {}, true);
  GrpcTestClient client(serving.port);
  client.cork();
  std::vector<int32_t> streams;
  for (int i = 0; i < 200; ++i) {
    streams.push_back(client.send(kInfer, infer_request("m" + std::to_string(i % 20), {1, 3})));
  }
  client.uncork();
  for (int i = 0; i < 200; ++i) {
    const GrpcReply& reply = client.wait(streams[static_cast<size_t>(i)]);
    REQUIRE(reply.status == 0);
    const auto factor = static_cast<float>(i % 20);
    CHECK(parse_reply(reply.messages.at(0)).values == std::vector<float>{factor, 3 * factor});
  }
}

}  // namespace

TEST_CASE("a request that is reset in the same read never runs, inline or on a worker") {
  for (const uint32_t inline_us : {300u, 0u}) {
    ServingEngine serving(with(inline_us));
    serving.publish({serving.load(1, 2)});
    GrpcTestClient client(serving.port);
    REQUIRE(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
    client.cork();
    for (int i = 0; i < 50; ++i) client.reset(client.send(kInfer, infer_request("scale", {1, 2})));
    const int32_t kept = client.send(kInfer, infer_request("scale", {3, 4}));
    client.uncork();
    const GrpcReply& reply = client.wait(kept);
    REQUIRE(reply.status == 0);
    CHECK(parse_reply(reply.messages.at(0)).values == std::vector<float>{6, 8});
    serving.engine.stop();  // what is counted after the reply is counted now
    CHECK(serving.count("success") == 2);
    CHECK(serving.count("rows") == 2);
    CHECK(serving.io_count(&IoCounters::calls_cancelled) == 50);
    CHECK(serving.io_count(&IoCounters::requests_inline) +
              serving.io_count(&IoCounters::requests_to_workers) ==
          2);
  }
}

TEST_CASE("expired requests never run, inline or queued") {
  for (const uint32_t inline_us : {300u, 0u}) {
    ServingEngine serving(with(inline_us));
    serving.publish({serving.load(1, 2)});
    GrpcTestClient client(serving.port);
    for (int i = 0; i < 20; ++i) {
      const GrpcReply reply =
          client.call(kInfer, infer_request("scale", {1, 2}), {{"grpc-timeout", "1n"}});
      CHECK(reply.status == static_cast<int>(GrpcCode::deadline_exceeded));
    }
    CHECK(serving.count("runs") == 0);
    CHECK(serving.count("success") == 0);
    CHECK(client.call(kInfer, infer_request("scale", {1, 2}), {{"grpc-timeout", "60S"}}).status ==
          0);
  }
}

TEST_CASE("requests in flight hold no more memory than they may, and give it back") {
  EngineOptions options = with(0);
  options.limits.in_flight_bytes_max = 300;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const GrpcReply large = client.call(kInfer, infer_request("scale", std::vector<float>(100, 1)));
  CHECK(large.status == static_cast<int>(GrpcCode::unavailable));
  CHECK(large.message.find("limit is 300 bytes") != std::string::npos);
  CHECK(large.headers.contains("grpc-retry-pushback-ms"));
  // A message that comes in pieces is charged as they come.
  const GrpcReply torn = client.call(kInfer, infer_request("scale", std::vector<float>(50'000, 1)));
  CHECK(torn.status == static_cast<int>(GrpcCode::unavailable));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  }
  // The last job may be freed a little after its answer is seen.
  while (serving.engine.shared().budget.in_use() > 0) std::this_thread::yield();
}

TEST_CASE("a mistake is counted with its version, an unknown model with nobody") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  CHECK(client.call(kInfer, infer_request("nobody", {1, 2})).status ==
        static_cast<int>(GrpcCode::not_found));
  CHECK(client.call(kInfer, infer_request("scale", {1})).status ==
        static_cast<int>(GrpcCode::invalid_argument));
  CHECK(client.call(kInfer, "\xff").status == static_cast<int>(GrpcCode::invalid_argument));
  CHECK(serving.count("fail") == 1);
}

TEST_CASE("many models in one cycle keep their own groups and answers") {
  ServingEngine serving;
  burst(serving);
}

TEST_CASE("what a cycle has no time for goes to workers with cores of their own") {
  EngineOptions options;
  options.cores = 2;
  options.limits.cycle_run_us_max = 0;
  ServingEngine serving(options);
  burst(serving);
  CHECK(serving.io_count(&IoCounters::requests_to_workers) > 0);
  CHECK(serving.io_count(&IoCounters::requests_inline) > 0);
}

TEST_CASE("without cores for workers it waits for the next cycle, and is counted once") {
  for (const uint32_t workers : {0u, 1u}) {
    EngineOptions options;
    options.cores = 1;
    options.worker_threads = workers;
    options.limits.cycle_run_us_max = 0;
    ServingEngine serving(options);
    burst(serving);
    CHECK(serving.io_count(&IoCounters::requests_to_workers) == 0);
    CHECK(serving.io_count(&IoCounters::messages_put_off) > 0);
    CHECK(serving.io_count(&IoCounters::infer_requests) == 200);
    // The last cycle may end a little after its answers are seen.
    while (serving.engine.shared().budget.in_use() > 0) std::this_thread::yield();
  }
}

TEST_CASE("a full queue is said, with the queue's real size") {
  EngineOptions options = with(0);
  options.limits.queue_items_max = 3;  // becomes 4: a power of two
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  std::string said;
  for (int round = 0; round < 200 && said.empty(); ++round) {
    client.cork();
    std::vector<int32_t> streams;
    for (int i = 0; i < 100; ++i) {
      streams.push_back(client.send(kInfer, infer_request("scale", {1, 2})));
    }
    client.uncork();
    for (const int32_t stream : streams) {
      const GrpcReply& reply = client.wait(stream);
      if (reply.status != 0) said = reply.message;
    }
  }
  CHECK(said == "the queue of model 'scale' is full; the limit is 4 requests");
}
