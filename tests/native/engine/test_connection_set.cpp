// The connections of one io thread, over socket pairs and cycle by cycle.
#include <doctest/doctest.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/connection_set.h"
#include "engine/engine_fixture.h"
#include "engine/io_fixture.h"
#include "net/tls_identity.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

int unread_bytes(int fd) {
  int bytes = 0;
  REQUIRE(ioctl(fd, FIONREAD, &bytes) == 0);
  return bytes;
}

// What a client writes to greet and to ask once, as plain HTTP/2.
std::string greeting_and_question(const std::string& message) {
  auto [client_end, other_end] = socket_pair();
  GrpcTestClient client(std::move(client_end));
  client.cork();
  client.send(kInfer, message);
  client.uncork();
  std::string bytes(1 << 16, '\0');
  const ssize_t got = recv(other_end.get(), bytes.data(), bytes.size(), 0);
  REQUIRE(got > 0);
  bytes.resize(static_cast<size_t>(got));
  return bytes;
}

struct TlsClient {
  explicit TlsClient(int socket) : fd(socket), context(SSL_CTX_new(TLS_client_method())) {
    ssl = SSL_new(context);
    const unsigned char h2[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl, h2, sizeof h2);
    SSL_set_fd(ssl, fd.get());
    SSL_set_connect_state(ssl);
  }
  ~TlsClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  FileDescriptor fd;
  SSL_CTX* context;
  SSL* ssl;
};

struct Set {
  explicit Set(const EngineOptions& options) : shared(options) {}
  EngineShared shared;
  IoCounters counters;
  EventLoop loop;
  CallTable calls{16};
  Replier replier{shared.options.limits, calls, counters};
  RpcReceiver receiver{shared, calls, replier, counters};
  ConnectionSet connections{shared.options.limits, loop, receiver, replier, counters};
};

}  // namespace

TEST_CASE("what a budget left unread is read in the next cycle, though epoll tells once") {
  Limits limits;
  limits.read_bytes_per_connection_max = 8'192;
  IoParts io(limits);
  const auto client = io.connect();
  io.settle(*client);
  client->send(kInfer, std::string(30'000, 'm'));
  io.read();
  CHECK(io.counters.bytes_in.get() < 9'000);
  CHECK(io.counters.read_budget_ran_out.get() == 1);
  CHECK(io.connections.has_ready());
  for (int cycle = 0; cycle < 5 && io.receiver.messages().empty(); ++cycle) {
    io.write(0);
    io.receiver.messages().clear();
    io.connections.read({});  // no event any more: the ready list alone
    io.receiver.end_reading();
  }
  REQUIRE(io.receiver.messages().size() == 1);
  CHECK(io.receiver.messages()[0].message.view == std::string(30'000, 'm'));
  CHECK_FALSE(io.connections.has_ready());
}

TEST_CASE("a connection brings no more requests into a cycle than it may, and none is lost") {
  Limits limits;
  limits.requests_per_connection_max = 10;
  IoParts io(limits);
  const auto client = io.connect();
  io.settle(*client);
  const std::string message(2'000, 'm');  // so that a read brings only a few
  client->cork();
  for (int i = 0; i < 30; ++i) client->send(kInfer, message);
  client->uncork();
  size_t received = 0;
  int cycles = 0;
  for (; received < 30 && cycles < 20; ++cycles) {
    io.read();
    CHECK(io.receiver.messages().size() < 10 + 32 * 1024 / message.size());
    received += io.receiver.messages().size();
  }
  CHECK(received == 30);
  CHECK(cycles > 1);
}

TEST_CASE("a flood on some connections leaves the others their share of a cycle") {
  Limits limits;
  limits.read_arena_bytes = 64 * 1024;
  limits.read_bytes_per_connection_max = 16 * 1024;
  IoParts io(limits);
  std::vector<std::unique_ptr<GrpcTestClient>> floods;
  for (int i = 0; i < 5; ++i) {
    floods.push_back(io.connect());
    io.settle(*floods.back());
  }
  const auto honest = io.connect();
  io.settle(*honest);
  for (const auto& flood : floods) {
    flood->cork();
    for (int i = 0; i < 15; ++i) flood->send(kInfer, std::string(4'000, 'f'));
    flood->uncork();
  }
  honest->send(kInfer, "honest");
  bool heard = false;  // four connections fill a cycle; who was left out goes first in the next
  for (int cycle = 0; cycle < 2; ++cycle) {
    io.read();
    for (size_t i = 0; i < io.receiver.messages().size(); ++i) {
      heard = heard || io.receiver.messages()[i].message.view == "honest";
    }
    io.write(0);
  }
  CHECK(heard);
  CHECK(io.connections.has_ready());  // the floods go on
}

TEST_CASE("bytes that OpenSSL holds are read although the socket is empty") {
  const Identity identity;
  std::unique_ptr<TlsContext> context;
  REQUIRE(TlsContext::create(identity.certificate_pem(), identity.key_pem(), "", context).ok());
  Limits limits;
  limits.read_bytes_per_connection_max = 4'096;
  IoParts io(limits);
  int fds[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  const int server_fd = fds[0];
  io.connections.add(std::make_unique<Connection>(FileDescriptor(server_fd), context.get(),
                                                  io.shared.options.limits, monotonic_ns()));
  const TlsClient client(fds[1]);
  for (int i = 0; i < 8 && SSL_do_handshake(client.ssl) != 1; ++i) io.read();
  io.read();
  REQUIRE_FALSE(io.newest().handshaking());

  const std::string bytes = greeting_and_question(std::string(12'000, 'm'));
  REQUIRE(SSL_write(client.ssl, bytes.data(), static_cast<int>(bytes.size())) ==
          static_cast<int>(bytes.size()));
  io.read();
  CHECK(unread_bytes(server_fd) == 0);
  CHECK(io.receiver.messages().empty());
  CHECK(io.connections.has_ready());
  for (int cycle = 0; cycle < 10 && io.receiver.messages().empty(); ++cycle) {
    io.connections.read({});
    io.receiver.end_reading();
  }
  REQUIRE(io.receiver.messages().size() == 1);
  CHECK(io.receiver.messages()[0].message.view == std::string(12'000, 'm'));
}

TEST_CASE("a connection whose output is blocked is not read, and read again once it moves") {
  IoParts io;
  const auto client = io.connect();
  io.settle(*client);
  Connection& connection = io.newest();
  const int small = 4'096;
  setsockopt(connection.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  for (int i = 0; i < 10'000 && connection.unsent_bytes() == 0; ++i) {
    for (int n = 0; n < 100; ++n) connection.http2().submit_ping();
    io.replier.mark_dirty(connection);
    io.write(1);
  }
  REQUIRE(connection.unsent_bytes() > 0);
  client->send(kInfer, "question");
  io.read();
  CHECK(io.receiver.messages().empty());
  bool heard = false;
  for (int cycle = 0; cycle < 100 && !heard; ++cycle) {
    client->read_available();
    io.read();
    heard = !io.receiver.messages().empty();
    io.write(2);
  }
  CHECK(heard);
}

TEST_CASE("a connection moves with half a frame read and output unsent, and loses no byte") {
  IoParts from, to;
  const auto client = from.connect();
  from.settle(*client);
  Connection& connection = from.newest();
  const int small = 4'096;
  setsockopt(connection.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  uint32_t pings = 0;
  for (int i = 0; i < 10'000 && connection.unsent_bytes() == 0; ++i) {
    for (int n = 0; n < 100; ++n, ++pings) connection.http2().submit_ping();
    from.replier.mark_dirty(connection);
    from.write(1);
  }
  REQUIRE(connection.unsent_bytes() > 0);
  from.replier.mark_dirty(connection);  // and on the list of those that have something to say
  to.connections.add(from.connections.detach(connection));
  CHECK(from.connections.all().empty());
  CHECK(from.replier.dirty().empty());
  const int32_t stream = client->send(kInfer, "question");
  bool answered = false;
  for (int cycle = 0; cycle < 1'000 && !client->reply(stream).closed; ++cycle) {
    client->read_available();
    to.read();
    if (!to.receiver.messages().empty()) {
      to.answer(0, "answer");
      answered = true;
    }
    to.write(2);
  }
  CHECK(answered);
  CHECK(client->pings() == pings);
  CHECK(client->reply(stream).messages == std::vector<std::string>{"answer"});
  CHECK(client->reply(stream).status == 0);
}

TEST_CASE("a frame that is cut by the move is put together on the other side") {
  const std::string bytes = greeting_and_question("question");
  // Before the headers of the call there is no call yet, so the connection may move anywhere there.
  const size_t greeting = NGHTTP2_CLIENT_MAGIC_LEN + 9;
  for (size_t cut = 1; cut < greeting + 9; ++cut) {
    IoParts from, to;
    auto [client, server] = socket_pair();
    from.connections.add(std::make_unique<Connection>(std::move(server), nullptr,
                                                      from.shared.options.limits, monotonic_ns()));
    REQUIRE(send(client.get(), bytes.data(), cut, 0) == static_cast<ssize_t>(cut));
    from.read();
    REQUIRE(from.calls.open() == 0);
    REQUIRE(send(client.get(), bytes.data() + cut, bytes.size() - cut, 0) ==
            static_cast<ssize_t>(bytes.size() - cut));
    to.connections.add(from.connections.detach(from.newest()));
    to.read();
    REQUIRE(to.receiver.messages().size() == 1);
    CHECK(to.receiver.messages()[0].message.view == "question");
  }
}

TEST_CASE("a peer that ends its side is answered what it asked in full, and then closed") {
  IoParts io;
  const auto client = io.connect();
  io.settle(*client);
  const int32_t whole = client->send(kInfer, "question");
  client->open(kInfer);  // and never goes on
  io.read();
  REQUIRE(shutdown(client->fd(), SHUT_WR) == 0);
  const ReplyTo to = io.receiver.messages()[0].to;
  io.read();
  io.write(0);
  CHECK(io.closed == 0);
  CHECK(io.calls.open() == 1);
  io.replier.answer(to, [](Bytes& out) { out.append("answer"); });
  io.write(0);
  client->read_available();
  CHECK(client->reply(whole).messages == std::vector<std::string>{"answer"});
  CHECK(io.closed == 1);
  CHECK(io.calls.open() == 0);
}

TEST_CASE("a peer that has gone takes its calls with it") {
  IoParts io;
  const auto client = io.connect();
  io.settle(*client);
  client->send(kInfer, "one");
  client->send(kInfer, "two");
  io.read();
  const ReplyTo to = io.receiver.messages()[0].to;
  CHECK(io.calls.open() == 2);
  client->close();
  io.read();
  io.replier.answer(to, [](Bytes& out) { out.append("answer"); });
  io.write(0);
  io.read();
  io.write(0);
  CHECK(io.closed == 1);
  CHECK(io.calls.open() == 0);
  CHECK(io.calls.find(to.call) == nullptr);
  CHECK(io.counters.connections_closed.get() == 1);
}

TEST_CASE("nonsense closes the connection with a GOAWAY, and no other") {
  IoParts io;
  const auto honest = io.connect();
  const auto liar = io.connect();
  io.settle(*honest);
  io.settle(*liar);
  const std::string data_on_no_stream("\0\0\1\0\0\0\0\0\0x", 10);
  REQUIRE(send(liar->fd(), data_on_no_stream.data(), 10, 0) == 10);
  io.settle(*liar);
  CHECK_FALSE(liar->connected());
  REQUIRE(liar->goaway());
  CHECK(liar->goaways()[0].error_code == NGHTTP2_PROTOCOL_ERROR);
  CHECK(io.closed == 1);
  CHECK(io.counters.closed_protocol_error.get() == 1);
  const int32_t stream = honest->send(kInfer, "question");
  io.read();
  io.answer(0, "answer");
  io.write(0);
  honest->read_available();
  CHECK(honest->reply(stream).status == 0);
}

TEST_CASE("what a client has under way does not take from it what it has not read yet") {
  IoParts io;
  const auto client = io.connect();
  io.settle(*client);
  const int32_t stream = client->send(kInfer, "question");
  io.read();
  io.newest().http2().submit_goaway(NGHTTP2_NO_ERROR);
  io.answer(0, std::string(60'000, 'a'));
  for (int i = 0; i < 50; ++i) client->ping();  // of which the server hears too late
  io.write(1);
  CHECK(io.closed == 0);  // our end is closed, and the client's bytes are waited for
  io.read();
  io.read();
  io.write(1);
  CHECK(io.closed == 0);
  client->read_available();
  CHECK(client->reply(stream).messages == std::vector<std::string>{std::string(60'000, 'a')});
  CHECK(client->reply(stream).status == 0);
  CHECK_FALSE(client->connected());
  io.read();
  io.write(1);
  CHECK(io.closed == 1);
  CHECK(io.counters.closed_protocol_error.get() == 0);
}

TEST_CASE("streams that are reset faster than they may be end the connection") {
  Limits limits;
  limits.resets_per_s_max = 20;
  IoParts io(limits);
  const auto client = io.connect();
  io.settle(*client);
  for (int i = 0; i < 20; ++i) client->reset(client->send(kInfer, "question"));
  io.settle(*client);
  CHECK(client->connected());
  client->reset(client->send(kInfer, "question"));
  io.settle(*client);
  CHECK_FALSE(client->connected());
  CHECK(io.counters.closed_flood.get() == 1);
  CHECK(io.closed == 1);
  CHECK(io.calls.open() == 0);
}

TEST_CASE("a cycle does a few handshakes; the other connections keep their place for the next") {
  EngineOptions options;
  options.limits.handshakes_per_cycle_max = 2;
  const Identity identity;
  std::unique_ptr<TlsContext> tls;
  REQUIRE(TlsContext::create(identity.certificate_pem(), identity.key_pem(), "", tls).ok());
  Set set(options);
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 5; ++i) {
    int fds[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    clients.push_back(std::make_unique<TlsClient>(fds[1]));
    SSL_do_handshake(clients.back()->ssl);  // and its hello is on the way
    set.connections.add(std::make_unique<Connection>(FileDescriptor(fds[0]), tls.get(),
                                                     set.shared.options.limits, monotonic_ns()));
  }
  const auto handshaking = [&] {
    const std::vector<Connection*>& all = set.connections.all();
    return std::count_if(all.begin(), all.end(), [](Connection* c) { return c->handshaking(); });
  };
  set.connections.read({});
  CHECK(set.counters.handshakes_put_off.get() == 3);
  CHECK(set.connections.has_ready());
  set.connections.read({});
  CHECK(set.counters.handshakes_put_off.get() == 4);
  for (int cycle = 0; cycle < 100 && handshaking() > 0; ++cycle) {
    for (const auto& client : clients) SSL_do_handshake(client->ssl);
    set.connections.read(set.loop.wait(0));
    set.connections.flush(monotonic_ns());
  }
  CHECK(handshaking() == 0);
  CHECK(set.connections.all().size() == 5);
}
