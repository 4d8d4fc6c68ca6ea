// One io thread's cycle and its neighbours, through a real engine.
#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "engine/io_thread.h"
#include "engine_fixture.h"
#include "grpc/compression.h"

using namespace tiltyard;
using namespace tiltyard::test;

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
  CHECK(serving.io_count(&IoCounters::bytes_out) > reply.messages.at(0).size() + 100);
}
