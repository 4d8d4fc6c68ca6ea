// The connections of one io thread, over socket pairs and cycle by cycle.
#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "engine/connection_set.h"
#include "net/tls_identity.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

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
