// The whole data plane in one process, through real sockets; what TSan and ASan watch.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

#include "engine/engine.h"
#include "engine_fixture.h"
#include "recorded_rows.h"
#include "route/rollout.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("a request is answered, counted, and told by which version") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2), serving.load(8, 3)});
  GrpcTestClient client(serving.port);
  const GrpcReply newest = client.call(kInfer, infer_request("scale", {1, 2, 3, 4}, "id-1"));
  CHECK(newest.status == 0);
  const InferReply reply = parse_reply(newest.messages.at(0));
  CHECK(reply.values == std::vector<float>{3, 6, 9, 12});
  CHECK(reply.model_version == "8");
  CHECK(reply.id == "id-1");
  const GrpcReply pinned = client.call(kInfer, infer_request("scale", {1, 2}, "", "1"));
  CHECK(parse_reply(pinned.messages.at(0)).values == std::vector<float>{2, 4});
  CHECK(serving.count("success") == 2);
  CHECK(serving.count("rows") == 3);
}

TEST_CASE("requests that come together run together") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  std::vector<int32_t> streams;
  for (int i = 0; i < 500; ++i) {
    const auto value = static_cast<float>(i);
    streams.push_back(client.send(kInfer, infer_request("scale", {value, -value})));
  }
  for (int i = 0; i < 500; ++i) {
    const GrpcReply& reply = client.wait(streams[static_cast<size_t>(i)]);
    REQUIRE(reply.status == 0);
    const auto value = static_cast<float>(2 * i);
    CHECK(parse_reply(reply.messages.at(0)).values == std::vector<float>{value, -value});
  }
  CHECK(serving.count("success") == 500);
  CHECK(serving.count("runs") < 500);
}

TEST_CASE("what is too slow for an io thread runs on workers, with the same answers") {
  EngineOptions options;
  options.limits.inline_run_us_max = 0;
  options.worker_threads = 2;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  std::vector<std::thread> clients;
  for (int c = 0; c < 3; ++c) {
    clients.emplace_back([&, c] {
      GrpcTestClient client(serving.port);
      for (int i = 0; i < 100; ++i) {
        const auto value = static_cast<float>(c * 1'000 + i);
        const GrpcReply reply = client.call(kInfer, infer_request("scale", {value, 1}));
        REQUIRE(reply.status == 0);
        CHECK(parse_reply(reply.messages.at(0)).values == std::vector<float>{2 * value, 2});
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(serving.count("worker_runs") > 0);
  CHECK(serving.count("inline_runs") == 0);
}

TEST_CASE("tables change under load: each reply is one version's, and old versions are freed") {
  EngineOptions options;
  options.io_threads = 2;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  std::atomic<bool> done{false};
  std::vector<std::thread> clients;
  for (int c = 0; c < 2; ++c) {
    clients.emplace_back([&] {
      GrpcTestClient client(serving.port);
      while (!done.load()) {
        const GrpcReply reply = client.call(kInfer, infer_request("scale", {1, 1}));
        REQUIRE(reply.status == 0);
        const InferReply parsed = parse_reply(reply.messages.at(0));
        const float factor = std::stoi(parsed.model_version) % 2 == 1 ? 2 : 3;
        CHECK(parsed.values == std::vector<float>{factor, factor});
      }
    });
  }
  std::vector<std::weak_ptr<ModelVersion>> replaced;
  for (int64_t number = 2; number < 30; ++number) {
    auto served = serving.load(number, number % 2 == 1 ? 2 : 3);
    replaced.push_back(served->version);
    serving.publish({std::move(served)});
  }
  done.store(true);
  for (std::thread& client : clients) client.join();
  while (serving.engine.reclaimer().retired() > 0) std::this_thread::yield();
  replaced.pop_back();  // the one in force
  // The reclaimer takes a table off its list just before it frees it.
  for (const auto& version : replaced) {
    while (!version.expired()) std::this_thread::yield();
  }
}

TEST_CASE("calls that are reset or whose connection dies, on io threads and workers") {
  for (uint32_t inline_us : {300u, 0u}) {
    EngineOptions options;
    options.limits.inline_run_us_max = inline_us;
    ServingEngine serving(options);
    serving.publish({serving.load(1, 2)});
    for (int round = 0; round < 20; ++round) {
      GrpcTestClient client(serving.port);
      std::vector<int32_t> streams;
      for (int i = 0; i < 20; ++i) {
        streams.push_back(client.send(kInfer, infer_request("scale", {1, 2})));
        if (i % 3 == 0) client.reset(streams.back());
      }
      if (round % 2 == 0) continue;  // and the connection goes, with calls in flight
      for (size_t i = 0; i < streams.size(); ++i) {
        if (i % 3 != 0) CHECK(client.wait(streams[i]).status == 0);
      }
    }
    GrpcTestClient honest(serving.port);
    CHECK(honest.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  }
}

TEST_CASE("an engine stops with calls in flight everywhere") {
  for (int round = 0; round < 5; ++round) {
    EngineOptions options;
    options.limits.inline_run_us_max = round % 2 == 0 ? 0 : 300;
    auto serving = std::make_unique<ServingEngine>(options);
    serving->publish({serving->load(1, 2)});
    GrpcTestClient client(serving->port);
    for (int i = 0; i < 200; ++i) client.send(kInfer, infer_request("scale", {1, 2}));
    client.send("/grpc.health.v1.Health/Watch", "");
    client.send("/inference.GRPCInferenceService/ModelStatistics", "");
    serving.reset();
  }
}

TEST_CASE("an expired call is answered so and never runs") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const GrpcReply reply =
      client.call(kInfer, infer_request("scale", {1, 2}), {{"grpc-timeout", "1n"}});
  CHECK(reply.status == static_cast<int>(GrpcCode::deadline_exceeded));
  CHECK(serving.count("runs") == 0);
  CHECK(serving.count("fail") == 1);
}

TEST_CASE("a full queue answers UNAVAILABLE and says when to come back") {
  EngineOptions options;
  options.limits.inline_run_us_max = 0;
  options.limits.queue_items_max = 2;
  options.limits.retry_pushback_ms = 77;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  bool refused = false;
  for (int round = 0; round < 100 && !refused; ++round) {
    std::vector<int32_t> streams;
    for (int i = 0; i < 100; ++i) {
      streams.push_back(client.send(kInfer, infer_request("scale", {1, 2})));
    }
    for (int32_t stream : streams) {
      const GrpcReply& reply = client.wait(stream);
      if (reply.status == 0) continue;
      CHECK(reply.status == static_cast<int>(GrpcCode::unavailable));
      CHECK(reply.headers.at("grpc-retry-pushback-ms") == "77");
      refused = true;
    }
  }
  CHECK(refused);
}

TEST_CASE("draining finishes what was accepted, says GOAWAY, and leaves no connection") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  CHECK(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  const int32_t open = client.open(kInfer);
  const int32_t watch = client.send("/grpc.health.v1.Health/Watch", "");
  CHECK(client.wait(watch, 1).messages.at(0) == std::string("\x08\x01", 2));
  serving.engine.drain();
  CHECK(client.wait(watch, 2).messages.at(1) == std::string("\x08\x02", 2));
  client.send_message(open, infer_request("scale", {1, 2}), true);
  CHECK(client.wait(open).status == 0);
  while (client.connected()) client.wait(999);
  CHECK(client.goaway());
  while (!serving.engine.drained()) std::this_thread::yield();
  GrpcTestClient late(serving.port);
  CHECK_FALSE(late.connected());
}

TEST_CASE(
    "plans and versions change under load, and every row is read once or counted as dropped") {
  EngineOptions options;
  options.io_threads = 2;
  options.limits.record_bytes_max = 12 * kRecordBlockBytes;
  ServingEngine serving(options);
  const std::unique_ptr<RecordReader> reader = serving.engine.open_records();
  REQUIRE(reader != nullptr);
  CHECK(serving.engine.open_records() == nullptr);
  std::atomic<bool> done{false}, stopped{false};
  std::map<uint64_t, uint64_t> read;  // rows by plane
  std::thread monitor([&] {
    for (uint64_t now_ns = 1; !stopped.load(); now_ns += RecordReader::kIdleNs) {
      for (const RecordedRow& row : take_rows(*reader, now_ns)) {
        const float factor = row.plane % 8 < 4 ? 2 : 3;  // the plane says which version's it is
        CHECK(row.values == std::vector<float>{1, 2, factor, 2 * factor});
        ++read[row.plane];
      }
    }
  });
  std::vector<std::shared_ptr<const RecordPlan>> plans;
  std::vector<std::thread> clients;
  for (int64_t number = 1; number < 12; ++number) {
    auto served = serving.load(number, number % 2 == 1 ? 2 : 3);
    const auto plan_anew = [&] {
      const uint64_t first = plans.size() * 8 + (number % 2 == 1 ? 0 : 4);
      plans.push_back(record_all(*served->version, {first + 8, first + 9, first + 10, first + 11}));
    };
    plan_anew();
    RolloutOptions rollout;
    rollout.model = "scale";
    rollout.epoch = static_cast<uint64_t>(number);
    rollout.arms = {{Role::champion, served->version}};
    rollout.queue_items_max = 16;
    std::vector<ModelRoute> models;
    models.push_back({"scale", {served}, {}, std::make_shared<const Rollout>(rollout)});
    serving.engine.publish(std::move(models), {}, true);
    while (clients.size() < 2) {
      clients.emplace_back([&] {
        GrpcTestClient client(serving.port);
        while (!done.load()) {
          REQUIRE(client.call(kInfer, infer_request("scale", {1, 2, 1, 2, 1, 2})).status == 0);
        }
      });
    }
    for (int i = 0; i < 5; ++i) {
      const auto current = plans.back();
      while (current->counts(RecordPlane::champion).offered < 30) std::this_thread::yield();
      plan_anew();
    }
    if (number % 3 == 0) served->version->set_record_plan(nullptr);
  }
  done.store(true);
  for (std::thread& client : clients) client.join();
  serving.engine.stop();
  stopped.store(true);
  monitor.join();
  for (int i = 1; i < 4; ++i) {  // the reader may outlive the threads, and gets all
    for (const RecordedRow& row : take_rows(*reader, UINT64_MAX / 4 * static_cast<uint64_t>(i))) {
      ++read[row.plane];
    }
  }
  for (const auto& plan : plans) {
    const RecordCounts counts = plan->counts(RecordPlane::champion);
    CHECK(read[plan->plane_id(RecordPlane::champion)] + counts.dropped == counts.offered);
    CHECK(counts.offered % 3 == 0);
  }
}
