// TLS over a socket pair, against OpenSSL's own client; keys are made here.
#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "net/socket.h"
#include "net/tls.h"
#include "net/tls_identity.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

struct Client {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
  Client(int fd, bool with_alpn, const Identity* identity) {
    if (identity != nullptr) {
      SSL_CTX_use_certificate(context, identity->certificate);
      SSL_CTX_use_PrivateKey(context, identity->key);
    }
    ssl = SSL_new(context);
    const unsigned char h2[] = {2, 'h', '2'};
    if (with_alpn) SSL_set_alpn_protos(ssl, h2, sizeof h2);
    SSL_set_fd(ssl, fd);
    SSL_set_connect_state(ssl);
  }
  ~Client() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

// Lets both sides shake hands; returns how the server's side ended.
IoResult::Kind shake_hands(TlsStream& server, Client& client) {
  IoResult::Kind result = IoResult::Kind::would_block;
  for (int i = 0; i < 20 && result == IoResult::Kind::would_block; ++i) {
    SSL_do_handshake(client.ssl);
    result = server.handshake();
  }
  SSL_do_handshake(client.ssl);
  return result;
}

struct Sockets {
  FileDescriptor client, server;
  Sockets() {
    int fds[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    client = FileDescriptor(fds[0]);
    server = FileDescriptor(fds[1]);
  }
};

}  // namespace

TEST_CASE("bytes pass both ways once ALPN has chosen h2") {
  const Identity identity;
  std::unique_ptr<TlsContext> context;
  REQUIRE(TlsContext::create(identity.certificate_pem(), identity.key_pem(), "", context).ok());
  Sockets sockets;
  TlsStream server(*context, sockets.server.get());
  Client client(sockets.client.get(), true, nullptr);
  REQUIRE(shake_hands(server, client) == IoResult::Kind::bytes);
  REQUIRE(SSL_write(client.ssl, "question", 8) == 8);
  char buffer[64];
  const IoResult got = server.read(buffer, sizeof buffer);
  CHECK(std::string(buffer, got.bytes) == "question");
  CHECK(server.read(buffer, sizeof buffer).kind == IoResult::Kind::would_block);
  CHECK(server.write("answer", 6).bytes == 6);
  CHECK(SSL_read(client.ssl, buffer, sizeof buffer) == 6);
}

TEST_CASE("a client that closes its side, with a goodbye or without, still gets its answer") {
  for (const bool says_goodbye : {true, false}) {
    const Identity identity;
    std::unique_ptr<TlsContext> context;
    REQUIRE(TlsContext::create(identity.certificate_pem(), identity.key_pem(), "", context).ok());
    Sockets sockets;
    TlsStream server(*context, sockets.server.get());
    Client client(sockets.client.get(), true, nullptr);
    REQUIRE(shake_hands(server, client) == IoResult::Kind::bytes);
    REQUIRE(SSL_write(client.ssl, "question", 8) == 8);
    if (says_goodbye) SSL_shutdown(client.ssl);
    REQUIRE(shutdown(sockets.client.get(), SHUT_WR) == 0);
    char buffer[64];
    REQUIRE(server.read(buffer, sizeof buffer).bytes == 8);
    CHECK(server.read(buffer, sizeof buffer).kind == IoResult::Kind::ended);
    CHECK(server.write("answer", 6).bytes == 6);
    CHECK(SSL_read(client.ssl, buffer, sizeof buffer) == 6);
  }
}

TEST_CASE("a client without ALPN h2 is turned away") {
  const Identity identity;
  std::unique_ptr<TlsContext> context;
  REQUIRE(TlsContext::create(identity.certificate_pem(), identity.key_pem(), "", context).ok());
  Sockets sockets;
  TlsStream server(*context, sockets.server.get());
  Client client(sockets.client.get(), false, nullptr);
  CHECK(shake_hands(server, client) == IoResult::Kind::closed);
}

TEST_CASE("with a client CA, only clients that it signed come in") {
  const Identity identity, trusted, stranger;
  std::unique_ptr<TlsContext> context;
  REQUIRE(TlsContext::create(identity.certificate_pem(), identity.key_pem(),
                             trusted.certificate_pem(), context)
              .ok());
  const auto result_with = [&](const Identity* who) {
    Sockets sockets;
    TlsStream server(*context, sockets.server.get());
    Client client(sockets.client.get(), true, who);
    return shake_hands(server, client);
  };
  CHECK(result_with(&trusted) == IoResult::Kind::bytes);
  CHECK(result_with(&stranger) == IoResult::Kind::closed);
  CHECK(result_with(nullptr) == IoResult::Kind::closed);
}

TEST_CASE("unusable PEM material is refused with what is wrong") {
  const Identity identity, other;
  std::unique_ptr<TlsContext> context;
  const auto error = [&](const std::string& certificate, const std::string& key,
                         const std::string& ca) {
    const Status status = TlsContext::create(certificate, key, ca, context);
    CHECK(context == nullptr);
    return status.error;
  };
  CHECK(error("junk", identity.key_pem(), "") == Error::tls_setup);
  CHECK(error(identity.certificate_pem(), "junk", "") == Error::tls_setup);
  CHECK(error(identity.certificate_pem(), other.key_pem(), "") == Error::tls_setup);
  CHECK(error(identity.certificate_pem(), identity.key_pem(), "junk") == Error::tls_setup);
}
