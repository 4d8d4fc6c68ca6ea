// The spine itself, and what it shares with its peers.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "engine/io_fixture.h"
#include "engine/io_thread.h"
#include "engine/job.h"
#include "engine_fixture.h"
#include "grpc/compression.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint64_t kPatienceNs = 60'000'000'000;

}  // namespace

TEST_CASE("connections move from a busy thread to an idle one, and no answer is lost or wrong") {
  EngineOptions options;
  options.io_threads = 2;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  // In turn to the two threads: the busy ones are all with one of them.
  std::vector<std::unique_ptr<GrpcTestClient>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<GrpcTestClient>(serving.port));
  for (const auto& client : clients) {
    REQUIRE(client->call(kInfer, infer_request("scale", {1, 2})).status == 0);
  }
  const uint64_t until_ns = monotonic_ns() + kPatienceNs;
  float value = 0;
  while (serving.io_count(&IoCounters::connections_moved_in) < 2 && monotonic_ns() < until_ns) {
    for (size_t i = 0; i < clients.size(); i += 2) {
      value += 1;
      const GrpcReply reply = clients[i]->call(kInfer, infer_request("scale", {value, 1}));
      REQUIRE(reply.status == 0);
      REQUIRE(parse_reply(reply.messages.at(0)).values == std::vector<float>{2 * value, 2});
    }
  }
  CHECK(serving.io_count(&IoCounters::connections_moved_in) >= 2);
  CHECK(serving.io_count(&IoCounters::connections_moved_out) ==
        serving.io_count(&IoCounters::connections_moved_in));
  CHECK(serving.io_count(&IoCounters::connections_opened) == 8);
  for (const auto& client : clients) {
    CHECK(client->call(kInfer, infer_request("scale", {1, 2})).status == 0);
  }
  CHECK(serving.engine.io_threads()[0]->connections() +
            serving.engine.io_threads()[1]->connections() ==
        8);
}

TEST_CASE("route tables swap while io threads run and sleep; each answer is one version's") {
  EngineOptions options;
  options.io_threads = 3;
  ServingEngine serving(options);
  const std::shared_ptr<ServedVersion> versions[] = {serving.load(1, 1), serving.load(2, 2)};
  serving.publish({versions[0]});
  std::atomic<bool> done{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 3; ++c) {
    clients.emplace_back([&, c] {
      GrpcTestClient client(serving.port);
      for (int i = 0; !done.load(); ++i) {
        const GrpcReply reply = client.call(kInfer, infer_request("scale", {1, 1}));
        REQUIRE(reply.status == 0);
        const InferReply parsed = parse_reply(reply.messages.at(0));
        const auto factor = static_cast<float>(std::stoi(parsed.model_version));
        CHECK(parsed.values == std::vector<float>{factor, factor});
        answered.fetch_add(1);
        if (i % (5 + c) == 0) std::this_thread::yield();  // and the io thread may fall asleep
      }
    });
  }
  constexpr int kSwaps = 3'000;
  for (int i = 0; i < kSwaps || answered.load() < 200; ++i) serving.publish({versions[i % 2]});
  done.store(true);
  for (std::thread& client : clients) client.join();
  while (serving.engine.reclaimer().retired() > 0) std::this_thread::yield();
  CHECK(serving.engine.shared().routes.epoch() > kSwaps);
}

TEST_CASE("a thread that never ran frees the connections and jobs that it was given") {
  EngineShared shared{EngineOptions()};
  IoThread io(shared, 0);
  auto [client, server] = socket_pair();
  io.take_connection(
      std::make_unique<Connection>(std::move(server), nullptr, shared.options.limits, 0));
  auto job = std::make_unique<Job>();
  REQUIRE(job->charge.try_set(shared.budget, 5));
  io.take_home(job.release());
  CHECK(io.connections() == 1);
  CHECK(shared.budget.in_use() == 5);
}

TEST_CASE("busy polling answers as well") {
  EngineOptions options;
  options.busy_poll_us = 200;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  }
}

TEST_CASE("a message that is flagged as compressed must be, by what the call named") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const std::string request = infer_request("scale", {1, 2});
  const auto code = [&](const std::string& message, const GrpcTestClient::Headers& extra) {
    return static_cast<GrpcCode>(client.call(kInfer, message, extra, true).status);
  };
  Bytes zipped;
  append_gzip(request, zipped);
  CHECK(code(zipped, {{"grpc-encoding", "gzip"}}) == GrpcCode::ok);
  CHECK(code(request, {{"grpc-encoding", "gzip"}}) == GrpcCode::internal);
  CHECK(code(zipped, {}) == GrpcCode::internal);
}

namespace {

const GrpcTestClient::Headers kGzip = {{"grpc-encoding", "gzip"}};

std::string compressed(const std::string& message) {
  std::string framed;
  const size_t begin = begin_frame(framed);
  append_gzip(message, framed);
  finish_frame(framed, begin, true);
  return framed;
}

}  // namespace

TEST_CASE(
    "what inflates to more than a cycle should hold waits for the next, and keeps its order") {
  EngineOptions options;
  options.limits.inflated_bytes_per_cycle_max = 1;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const int32_t stream = client.open(kStream, kGzip);
  std::string framed;
  for (int i = 0; i < 20; ++i) {
    framed += compressed(infer_request("scale", {static_cast<float>(i), 0}, std::to_string(i)));
  }
  client.send_bytes(stream, framed, true);
  const GrpcReply& reply = client.wait(stream);
  CHECK(reply.status == 0);
  REQUIRE(reply.messages.size() == 20);
  for (int i = 0; i < 20; ++i) {
    std::string error;
    const InferReply parsed = parse_stream_reply(reply.messages[static_cast<size_t>(i)], error);
    CHECK(parsed.id == std::to_string(i));
    CHECK(parsed.values.at(0) == static_cast<float>(2 * i));
  }
  CHECK(serving.io_count(&IoCounters::messages_put_off) > 0);
  while (serving.engine.shared().budget.in_use() > 0) std::this_thread::yield();
}

TEST_CASE("a message that inflates beyond the bytes in flight is refused, and only that one") {
  EngineOptions options;
  options.limits.in_flight_bytes_max = 200'000;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const int32_t large = client.open(kInfer, kGzip);
  const std::string request = compressed(infer_request("scale", std::vector<float>(100'000)));
  CHECK(request.size() < 10'000);
  client.send_bytes(large, request, true);
  const GrpcReply& refused = client.wait(large);
  CHECK(refused.status == static_cast<int>(GrpcCode::unavailable));
  CHECK(refused.headers.contains("grpc-retry-pushback-ms"));
  CHECK(refused.message.find("200000") != std::string::npos);
  const int32_t small = client.open(kInfer, kGzip);
  client.send_bytes(small, compressed(infer_request("scale", {1, 2})), true);
  CHECK(client.wait(small).status == 0);
  while (serving.engine.shared().budget.in_use() > 0) std::this_thread::yield();
}

TEST_CASE("a thread whose connections are gone counts as idle, and is given connections") {
  EngineOptions options;
  options.io_threads = 2;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  const std::string request = infer_request("scale", {1, 2});
  // Two for each thread, in turn.
  std::vector<std::unique_ptr<GrpcTestClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<GrpcTestClient>(serving.port));
    clients.back()->call(kInfer, request);
  }
  const uint64_t until_ns = monotonic_ns() + 4 * ConnectionKeeper::kTickNs;
  while (monotonic_ns() < until_ns) {
    std::vector<int32_t> streams;
    for (int i = 0; i < 100; ++i) streams.push_back(clients[0]->send(kInfer, request));
    for (int32_t stream : streams) clients[0]->wait(stream);
  }
  // One thread's connections go, and the other's are busy, but less than the first one was.
  clients[0].reset();
  clients[2].reset();
  const uint64_t give_up_ns = monotonic_ns() + 60'000'000'000;
  while (serving.io_count(&IoCounters::connections_moved_in) == 0 && monotonic_ns() < give_up_ns) {
    clients[1]->call(kInfer, request);
    clients[3]->call(kInfer, request);
  }
  CHECK(serving.io_count(&IoCounters::connections_moved_in) > 0);
  CHECK(serving.io_count(&IoCounters::connections_opened) == 4);
  CHECK(clients[1]->call(kInfer, request).status == 0);
}

TEST_CASE("bytes out are what the sockets took, headers and frames included") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const GrpcReply reply = client.call(kInfer, infer_request("scale", {1, 2}));
  serving.engine.stop();  // what is counted after the reply is counted now
  CHECK(serving.io_count(&IoCounters::bytes_out) > reply.messages.at(0).size() + 100);
}
