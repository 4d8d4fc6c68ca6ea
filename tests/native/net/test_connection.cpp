#include <doctest/doctest.h>
#include <sys/socket.h>

#include <memory>

#include "net/connection.h"

using namespace tiltyard;

namespace {

struct Pair {
  Pair() {
    int fds[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    client = FileDescriptor(fds[0]);
    server = std::make_unique<Connection>(FileDescriptor(fds[1]), nullptr, limits, 1'000);
  }
  Limits limits;
  FileDescriptor client;
  std::unique_ptr<Connection> server;
};

}  // namespace

TEST_CASE("a read says how much came, that there is no more, and that the peer has gone") {
  Pair pair;
  char buffer[64];
  bool more = true;
  CHECK(pair.server->read(buffer, sizeof buffer, more).kind == IoResult::Kind::would_block);
  REQUIRE(send(pair.client.get(), "hello", 5, 0) == 5);
  const IoResult result = pair.server->read(buffer, sizeof buffer, more);
  CHECK(result.kind == IoResult::Kind::bytes);
  CHECK(BytesView(buffer, result.bytes) == "hello");
  CHECK_FALSE(more);
  REQUIRE(send(pair.client.get(), "0123456789", 10, 0) == 10);
  CHECK(pair.server->read(buffer, 4, more).bytes == 4);
  CHECK(more);
  pair.client.close();
  CHECK(pair.server->read(buffer, sizeof buffer, more).bytes == 6);
  CHECK(pair.server->read(buffer, sizeof buffer, more).kind == IoResult::Kind::ended);
}

TEST_CASE("output that the peer does not take stays, is timed, and goes out whole later") {
  Pair pair;
  const int small = 4'096;
  setsockopt(pair.client.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  setsockopt(pair.server->fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  size_t pings = 0;
  Bytes scratch;
  while (pair.server->flush(scratch, 5'000) == Connection::Flushed::all) {
    for (int i = 0; i < 10'000; ++i, ++pings) pair.server->http2().submit_ping();
    REQUIRE(pings < 1'000'000);
  }
  CHECK(pair.server->unsent_bytes() > 0);
  CHECK(pair.server->books.blocked_since_ns == 5'000);
  CHECK(pair.server->flush(scratch, 6'000) == Connection::Flushed::blocked);
  CHECK(pair.server->books.blocked_since_ns == 5'000);
  size_t received = 0;
  bool restarted = false;
  char buffer[4'096];
  while (pair.server->flush(scratch, 7'000) != Connection::Flushed::all) {
    const ssize_t got = recv(pair.client.get(), buffer, sizeof buffer, 0);
    REQUIRE(got > 0);
    received += static_cast<size_t>(got);
    restarted = restarted || pair.server->books.blocked_since_ns == 7'000;
  }
  CHECK(restarted);  // a peer that takes something is not one that takes nothing
  for (ssize_t got; (got = recv(pair.client.get(), buffer, sizeof buffer, 0)) > 0;) {
    received += static_cast<size_t>(got);
  }
  CHECK(pair.server->unsent_bytes() == 0);
  CHECK(pair.server->books.blocked_since_ns == 0);
  CHECK(received > pings * 17);  // a PING frame has 17 bytes; SETTINGS came first
}

TEST_CASE("writing to a peer that has gone says closed") {
  Pair pair;
  pair.client.close();
  Bytes scratch;
  CHECK(pair.server->flush(scratch, 0) == Connection::Flushed::closed);
}
