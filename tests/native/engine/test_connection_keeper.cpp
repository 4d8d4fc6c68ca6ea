// Time comes in as an argument; a real engine only where nothing else shows it.
#include <doctest/doctest.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <set>

#include "engine/connection_keeper.h"
#include "engine/io_fixture.h"
#include "engine/job.h"
#include "engine_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1'000 * kMs;
constexpr int32_t kAnyStream = INT32_MAX;
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";
const std::string kNotServing("\x08\x02", 2);

// A client that has been greeted, last heard of at `t0`.
struct Greeted {
  explicit Greeted(const Limits& limits = {}) : io(limits) {
    client = io.connect(t0);
    io.settle(*client, t0);
    io.newest().books.active_ns = t0;
  }
  // Ticks at `now_ns` and lets the client hear of it.
  void tick(uint64_t now_ns) {
    io.tick(now_ns);
    client->read_available();
  }
  bool is_open() const { return client->connected(); }
  // The client has heard all and gone; whether the server has closed the connection then.
  bool is_closed_in_turn() {
    io.read();
    io.write(t0);
    return !client->connected() && io.closed == 1;
  }

  const uint64_t t0 = monotonic_ns();
  IoParts io;
  std::unique_ptr<GrpcTestClient> client;
};

}  // namespace

TEST_CASE("a silent connection is asked whether it lives, and kept when it answers") {
  Limits limits;
  limits.keepalive_ms = 10'000;
  limits.keepalive_timeout_ms = 2'000;
  Greeted it(limits);
  it.tick(it.t0 + 10'000 * kMs);
  CHECK(it.client->pings() == 0);
  it.tick(it.t0 + 10'001 * kMs);
  CHECK(it.client->pings() == 1);
  it.io.read();  // its answer
  it.io.newest().books.active_ns = it.t0 + 10'002 * kMs;
  it.tick(it.t0 + 13'000 * kMs);
  CHECK(it.is_open());
  CHECK(it.client->pings() == 1);
  it.tick(it.t0 + 20'003 * kMs);
  CHECK(it.client->pings() == 2);
}

TEST_CASE("a connection that does not answer the ping in time is closed") {
  Limits limits;
  limits.keepalive_ms = 10'000;
  limits.keepalive_timeout_ms = 2'000;
  Greeted it(limits);
  it.io.tick(it.t0 + 10'001 * kMs);
  const uint64_t pinged_ns = it.t0 + 10'101 * kMs;
  it.io.tick(pinged_ns);  // the PING is out, and the client reads nothing
  it.io.tick(pinged_ns + 2'000 * kMs);
  CHECK(it.io.closed == 0);
  it.tick(pinged_ns + 2'001 * kMs);
  CHECK(it.io.closed == 1);
  CHECK(it.io.counters.closed_keepalive.get() == 1);
  CHECK_FALSE(it.is_open());
}

TEST_CASE("an idle connection is told to go; one with an open call is not") {
  Limits limits;
  limits.connection_idle_ms_max = 5'000;
  Greeted idle(limits), busy(limits);
  busy.client->open(kInfer);
  busy.io.read();
  busy.io.newest().books.active_ns = busy.t0;
  idle.tick(idle.t0 + 5'000 * kMs);
  CHECK_FALSE(idle.client->goaway());
  idle.tick(idle.t0 + 5'001 * kMs);
  busy.tick(busy.t0 + 60'000 * kMs);
  CHECK(idle.client->goaway());
  CHECK(idle.io.counters.closed_idle.get() == 1);
  CHECK_FALSE(busy.client->goaway());
}

TEST_CASE("GOAWAY comes twice: first no stream is named, then the last that will be served") {
  Limits limits;
  limits.connection_age_ms_max = 60'000;
  Greeted it(limits);
  const int32_t call = it.client->send(kInfer, "question");
  it.io.read();
  const ReplyTo to = it.io.receiver.messages()[0].to;
  const uint64_t aged_ns = it.t0 + 60'001 * kMs;
  it.tick(aged_ns);
  REQUIRE(it.client->goaways().size() == 1);
  CHECK(it.client->goaways()[0].last_stream == kAnyStream);
  CHECK(it.client->goaways()[0].error_code == NGHTTP2_NO_ERROR);
  it.io.read();  // the client's answer to the ping: the first GOAWAY has arrived
  it.tick(aged_ns + 100 * kMs);
  REQUIRE(it.client->goaways().size() == 2);
  CHECK(it.client->goaways()[1].last_stream == call);
  CHECK(it.is_open());
  it.io.replier.answer(to, [](Bytes& out) { out.append("answer"); });
  it.io.write(aged_ns + 200 * kMs);
  it.client->read_available();
  CHECK(it.client->reply(call).messages.at(0) == "answer");
  CHECK(it.client->reply(call).status == 0);
  CHECK(it.is_closed_in_turn());
  CHECK(it.io.counters.closed_age.get() == 1);
}

TEST_CASE("a call that comes between the two GOAWAYs is served") {
  Greeted it;
  it.io.keeper.begin_drain(it.t0);
  it.io.write(it.t0);
  const int32_t late = it.client->send(kInfer, "question");
  it.client->read_available();
  REQUIRE(it.client->goaways().size() == 1);
  it.io.read();
  REQUIRE(it.io.receiver.messages().size() == 1);
  it.tick(it.t0 + 10 * kMs);
  CHECK(it.client->goaways().at(1).last_stream == late);
  it.io.answer(0, "answer");
  it.io.write(it.t0 + 20 * kMs);
  it.client->read_available();
  CHECK(it.client->reply(late).status == 0);
  CHECK(it.is_closed_in_turn());
}

TEST_CASE("without an answer to its ping the second GOAWAY follows after a second") {
  Greeted it;
  const int32_t open = it.client->open(kInfer);
  it.io.read();
  it.io.keeper.begin_drain(it.t0);
  it.tick(it.t0 + 999 * kMs);
  CHECK(it.client->goaways().size() == 1);
  it.tick(it.t0 + kSecond);
  REQUIRE(it.client->goaways().size() == 2);
  CHECK(it.client->goaways()[1].last_stream == open);
}

TEST_CASE("a client that does not close after our last word is not waited for beyond the limit") {
  Greeted it;
  it.io.keeper.begin_drain(it.t0);
  it.io.tick(it.t0 + kSecond);
  char taken[4'096];  // all of it arrives, and the client says nothing
  while (recv(it.client->fd(), taken, sizeof taken, MSG_DONTWAIT) > 0) {
  }
  CHECK(it.io.closed == 0);
  it.io.tick(it.t0 + kSecond + 100 * kMs);
  it.io.read();
  CHECK(it.io.closed == 0);
  it.io.tick(it.t0 + 3 * kSecond);
  CHECK(it.io.closed == 1);
}

TEST_CASE("draining ends streams without a question, and lets asked ones be answered first") {
  Greeted it;
  const int32_t quiet = it.client->open(kStream);
  const int32_t asked = it.client->open(kStream);
  it.client->send_message(asked, "question", false);
  it.io.read();
  REQUIRE(it.io.receiver.messages().size() == 1);
  const ReplyTo to = it.io.receiver.messages()[0].to;
  it.io.keeper.begin_drain(it.t0);
  it.tick(it.t0 + kSecond);
  CHECK(it.client->reply(quiet).status == static_cast<int>(GrpcCode::unavailable));
  CHECK_FALSE(it.client->reply(asked).closed);
  it.io.replier.answer(to, [](Bytes& out) { out.append("answer"); });
  it.tick(it.t0 + kSecond + 100 * kMs);
  CHECK(it.client->reply(asked).messages == std::vector<std::string>{"answer"});
  CHECK(it.client->reply(asked).status == static_cast<int>(GrpcCode::unavailable));
  it.io.settle(*it.client, it.t0 + kSecond + 200 * kMs);
  CHECK(it.is_closed_in_turn());
}

TEST_CASE("a connection that is too old has its grace, and no more") {
  Limits limits;
  limits.connection_age_ms_max = 60'000;
  limits.connection_age_grace_ms = 5'000;
  limits.keepalive_timeout_ms = 0;
  Greeted it(limits);
  it.client->send(kInfer, "question");
  it.io.read();
  const uint64_t aged_ns = it.t0 + 60'001 * kMs;
  it.tick(aged_ns);
  it.tick(aged_ns + 5'000 * kMs);
  CHECK(it.io.closed == 0);
  it.tick(aged_ns + 5'001 * kMs);
  CHECK(it.io.closed == 1);
  CHECK(it.io.calls.open() == 0);
}

TEST_CASE("a client that never greets is closed") {
  Limits limits;
  limits.handshake_ms_max = 3'000;
  IoParts io(limits);
  auto [client, server] = socket_pair();
  const uint64_t t0 = monotonic_ns();
  io.connections.add(
      std::make_unique<Connection>(std::move(server), nullptr, io.shared.options.limits, t0));
  io.read();
  io.tick(t0 + 3'000 * kMs);
  CHECK(io.closed == 0);
  io.tick(t0 + 3'001 * kMs);
  CHECK(io.closed == 1);
  CHECK(io.counters.closed_handshake.get() == 1);
}

TEST_CASE("a client that does not take its answers is closed, one that takes some is not") {
  Limits limits;
  limits.slow_reader_ms_max = 1'000;
  Greeted it(limits);
  Connection& connection = it.io.newest();
  const int small = 4'096;
  setsockopt(connection.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  const auto block = [&] {
    for (int i = 0; i < 10'000 && connection.unsent_bytes() == 0; ++i) {
      for (int n = 0; n < 100; ++n) connection.http2().submit_ping();
      it.io.replier.mark_dirty(connection);
      it.io.write(it.t0);
    }
    REQUIRE(connection.unsent_bytes() > 0);
  };
  block();
  it.io.tick(it.t0 + 1'000 * kMs);
  CHECK(it.io.closed == 0);
  it.client->read_available();
  it.io.settle(*it.client, it.t0 + 1'000 * kMs);
  CHECK(connection.unsent_bytes() == 0);
  it.io.tick(it.t0 + 5'000 * kMs);
  CHECK(it.io.closed == 0);
  connection.books.pinged_ns = 0;
  block();
  it.io.tick(it.t0 + 1'001 * kMs);
  CHECK(it.io.closed == 1);
  CHECK(it.io.counters.closed_slow_reader.get() == 1);
}

TEST_CASE("more control frames a second than there may be close the connection, with a word") {
  Limits limits;
  limits.control_frames_per_s_max = 50;
  Greeted flood(limits), calm(limits);
  flood.tick(flood.t0 + 2 * kSecond);  // a new second begins, with the greeting behind
  calm.tick(calm.t0 + 2 * kSecond);
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < 50; ++i) calm.client->ping();
    calm.io.settle(*calm.client);
    calm.tick(calm.t0 + (3 + second) * kSecond);
  }
  CHECK(calm.is_open());
  for (int i = 0; i < 51; ++i) flood.client->ping();
  flood.io.read();
  flood.tick(flood.t0 + 2 * kSecond + 100 * kMs);
  CHECK(flood.io.closed == 1);
  CHECK(flood.io.counters.closed_flood.get() == 1);
  REQUIRE(flood.client->goaways().size() == 1);
  CHECK(flood.client->goaways()[0].error_code == NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK_FALSE(flood.is_open());
}

TEST_CASE("an expired call is answered so, and its jobs are told not to run") {
  Greeted it;
  const int32_t stream = it.client->send(kInfer, "question", {{"grpc-timeout", "5S"}});
  it.io.read();
  Call& call = *it.io.calls.find(it.io.receiver.messages()[0].to.call);
  Job job;
  call.jobs.push_back(&job);
  const uint64_t deadline_ns = call.metadata.deadline_ns;
  it.tick(deadline_ns - 1);
  CHECK_FALSE(job.cancelled.load());
  it.tick(deadline_ns + 3'000);
  CHECK(job.cancelled.load());
  const GrpcReply& reply = it.client->reply(stream);
  CHECK(reply.status == static_cast<int>(GrpcCode::deadline_exceeded));
  CHECK(reply.message == "the deadline of the call passed 3 us ago");
  CHECK(it.io.counters.deadline_passed_waiting.get() == 1);
}

TEST_CASE("the connection that evens out the load best is chosen, if any does") {
  IoParts io;
  std::vector<std::unique_ptr<GrpcTestClient>> clients;
  const auto loads = [&](const std::vector<uint64_t>& requests) {
    while (clients.size() < requests.size()) {
      clients.push_back(io.connect());
      io.settle(*clients.back());
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      Connection::Bookkeeping& books = io.connections.all()[i]->books;
      books.requests = books.requests_at_tick + requests[i];
    }
    io.tick(monotonic_ns());
  };
  const auto chosen = [&](uint64_t other) {
    const Connection* found = io.keeper.choose_to_move(other);
    for (size_t i = 0; i < io.connections.all().size(); ++i) {
      if (io.connections.all()[i] == found) return static_cast<int>(i);
    }
    return -1;
  };
  loads({100, 0, 0});
  CHECK(io.keeper.requests_per_tick() == 100);
  CHECK(chosen(0) == -1);  // moving the one busy connection only moves the load
  loads({60, 30, 10});
  CHECK(chosen(0) == 0);    // 40 here and 60 there is nearer than 70 and 30
  CHECK(chosen(60) == 1);   // of the gap of 40, moving 30 leaves 20; moving 10 leaves 20 too
  CHECK(chosen(95) == -1);  // too even already
  CHECK(chosen(200) == -1);
  loads({0, 0, 0});
  CHECK(chosen(0) == -1);
}

TEST_CASE("ages are spread over a tenth of the limit, and never means never") {
  std::set<uint64_t> ages;
  for (uint32_t seed = 5; seed < 105; ++seed) {
    const uint64_t age = ConnectionKeeper::spread_age_ms(600'000, seed);
    CHECK(age > 540'000 - 1);
    CHECK(age <= 600'000);
    ages.insert(age / 6'000);
  }
  CHECK(ages.size() >= 9);
  CHECK(ConnectionKeeper::spread_age_ms(0, 7) == 0);
}

TEST_CASE("a Watch that comes during a drain is told so and ends, and the drain with it") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const int32_t open = client.open(kInfer);  // keeps the connection
  CHECK(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  serving.engine.drain();
  const GrpcReply watch = client.call(kWatch, "");
  CHECK(watch.status == static_cast<int>(GrpcCode::unavailable));
  REQUIRE(watch.messages.size() == 1);
  CHECK(watch.messages[0] == kNotServing);
  client.send_message(open, infer_request("scale", {1, 2}), true);
  CHECK(client.wait(open).status == 0);
  while (client.connected()) client.wait(999);
  while (!serving.engine.drained()) std::this_thread::yield();
}

TEST_CASE("a Watch does not keep a connection that is too old") {
  EngineOptions options;
  options.limits.connection_age_ms_max = 1;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const GrpcReply watch = client.call(kWatch, "");
  CHECK(watch.status == static_cast<int>(GrpcCode::unavailable));
  while (client.connected()) client.wait(999);
  CHECK(client.goaway());
}
