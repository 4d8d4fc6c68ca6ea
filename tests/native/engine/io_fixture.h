// The parts of an io thread without the thread: the test runs the cycle and brings the time.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <memory>
#include <utility>

#include "base/clock.h"
#include "engine/connection_keeper.h"
#include "engine/connection_set.h"
#include "engine/replier.h"
#include "engine/rpc_receiver.h"
#include "engine/shared.h"
#include "grpc_test_client.h"
#include "net/event_loop.h"

namespace tiltyard::test {

// A connected pair; the second end does not block, as a server's.
inline std::pair<FileDescriptor, FileDescriptor> socket_pair() {
  int fds[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  REQUIRE(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
  return {FileDescriptor(fds[0]), FileDescriptor(fds[1])};
}

inline EngineOptions with_limits(const Limits& limits) {
  EngineOptions options;
  options.limits = limits;
  return options;
}

struct IoParts {
  explicit IoParts(const Limits& limits = {})
      : shared(with_limits(limits)),
        calls(limits.calls_max),
        replier(shared.options.limits, calls, counters),
        receiver(shared, calls, replier, counters),
        connections(shared.options.limits, loop, receiver, replier, counters),
        keeper(shared, connections, calls, receiver, replier, counters) {}
  ~IoParts() {
    for (Connection* connection : connections.all()) receiver.drop_calls(*connection);
  }

  // A client whose connection is the newest of the set.
  std::unique_ptr<GrpcTestClient> connect(uint64_t now_ns = monotonic_ns()) {
    auto [client, server] = socket_pair();
    connections.add(
        std::make_unique<Connection>(std::move(server), nullptr, shared.options.limits, now_ns));
    return std::make_unique<GrpcTestClient>(std::move(client));
  }
  Connection& newest() { return *connections.all().back(); }

  // The first half of a cycle: what has come is in receiver.messages().
  void read() {
    receiver.messages().clear();
    receiver.set_now(monotonic_ns());
    receiver.resume_held();
    connections.read(loop.wait(0));
    receiver.end_reading();
  }
  // The second half.
  void write(uint64_t now_ns) {
    connections.flush(now_ns);
    connections.close_doomed([this] { ++closed; });
  }
  // Both, with `client` taking what comes, until neither has anything to say; answers nothing.
  void settle(GrpcTestClient& client, uint64_t now_ns = monotonic_ns()) {
    for (int i = 0; i < 8; ++i) {
      read();
      write(now_ns);
      client.read_available();
    }
  }
  // What time does, and what goes out because of it.
  void tick(uint64_t now_ns) {
    keeper.tick(now_ns);
    write(now_ns);
  }
  // Answers the message `index` of the last read with `text`.
  void answer(size_t index, BytesView text) {
    replier.answer(receiver.messages()[index].to, [text](Bytes& out) { out.append(text); });
  }

  EngineShared shared;
  IoCounters counters;
  EventLoop loop;
  CallTable calls;
  Replier replier;
  RpcReceiver receiver;
  ConnectionSet connections;
  ConnectionKeeper keeper;
  int closed = 0;  // connections
};

}  // namespace tiltyard::test
