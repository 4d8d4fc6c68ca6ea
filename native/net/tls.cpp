#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/assert.h"

namespace tiltyard {
namespace {

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr unsigned char kAlpnH2[] = {2, 'h', '2'};

BioPtr bio_over(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

Status tls_error(const char* what) {
  char reason[256] = "";
  ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
  ERR_clear_error();
  return make_error(Error::tls_setup, {what, reason});
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_bytes,
                const unsigned char* offered, unsigned offered_bytes, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_bytes, kAlpnH2, sizeof kAlpnH2, offered, offered_bytes) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Status use_certificate(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio = bio_over(pem);
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (leaf == nullptr || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return tls_error("the server certificate is not a readable PEM certificate");
  }
  // What follows the leaf is its chain; the context takes ownership of each.
  while (X509* link = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add_extra_chain_cert(context, link);
  }
  ERR_clear_error();
  return {};
}

Status use_key(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio = bio_over(pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (key == nullptr) return tls_error("the private key is not a readable, unencrypted PEM key");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return tls_error("the private key does not belong to the server certificate");
  }
  return {};
}

Status require_clients_of(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio = bio_over(pem);
  int authorities = 0;
  for (;;) {
    const X509Ptr ca(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
    if (ca == nullptr) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) != 1 ||
        SSL_CTX_add_client_CA(context, ca.get()) != 1) {
      return tls_error("a certificate of the client CA file cannot be used");
    }
    ++authorities;
  }
  ERR_clear_error();
  if (authorities == 0) return tls_error("the client CA file holds no PEM certificate");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

}  // namespace

Status TlsContext::create(const std::string& certificate_pem, const std::string& key_pem,
                          const std::string& client_ca_pem, std::unique_ptr<TlsContext>& out) {
  std::unique_ptr<TlsContext> made(new TlsContext());
  made->context_ = SSL_CTX_new(TLS_server_method());
  TILTYARD_ASSERT(made->context_ != nullptr, "out of memory for a TLS context");
  SSL_CTX* context = made->context_;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Partial writes keep one record a call; the moving buffer lets output be appended in between.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  if (Status status = use_certificate(context, certificate_pem); !status.ok()) return status;
  if (Status status = use_key(context, key_pem); !status.ok()) return status;
  if (!client_ca_pem.empty()) {
    if (Status status = require_clients_of(context, client_ca_pem); !status.ok()) return status;
  }
  const unsigned char session_context[] = "tiltyard";
  SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
  out = std::move(made);
  return {};
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

// OpenSSL's view of the socket. Its own socket BIO does not tell when a read has emptied the
// socket, and each record would cost a second system call to find out.
struct TlsSocket {
  static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, int bytes_max) {
    TlsStream& self = stream(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t got = recv(self.fd_, to, static_cast<size_t>(bytes_max), 0);
    self.socket_drained_ = got < bytes_max;
    self.socket_ended_ = got == 0;
    if (got < 0 && is_transient()) BIO_set_retry_read(bio);
    return static_cast<int>(got);
  }

  static int write(BIO* bio, const char* from, int bytes) {
    BIO_clear_retry_flags(bio);
    const ssize_t put = send(stream(bio).fd_, from, static_cast<size_t>(bytes), MSG_NOSIGNAL);
    if (put < 0 && is_transient()) BIO_set_retry_write(bio);
    return static_cast<int>(put);
  }

  // OpenSSL asks for the end to tell a peer that left without close_notify from a broken transport.
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return stream(bio).socket_ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static bool is_transient() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      TILTYARD_ASSERT(method != nullptr, "out of memory for a BIO method");
      BIO_meth_set_read(method, read);
      BIO_meth_set_write(method, write);
      BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }
};

TlsStream::TlsStream(const TlsContext& context, int fd) : ssl_(SSL_new(context.context_)), fd_(fd) {
  BIO* bio = BIO_new(TlsSocket::method());
  TILTYARD_ASSERT(ssl_ != nullptr && bio != nullptr, "out of memory for a TLS stream");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
  // Read ahead: one system call brings many records.
  SSL_set_read_ahead(ssl_, 1);
}

TlsStream::~TlsStream() {
  SSL_free(ssl_);
}

IoResult::Kind TlsStream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    // A client that offers no ALPN at all cannot speak HTTP/2 over TLS with us (RFC 9113 3.2).
    const unsigned char* protocol = nullptr;
    unsigned bytes = 0;
    SSL_get0_alpn_selected(ssl_, &protocol, &bytes);
    if (bytes != 2) return IoResult::Kind::closed;
    handshake_done_ = true;
    wants_write_ = false;
    return IoResult::Kind::bytes;
  }
  return failed(result).kind;
}

IoResult TlsStream::read(char* to, size_t bytes_max) {
  ERR_clear_error();
  size_t got = 0;
  const int result = SSL_read_ex(ssl_, to, bytes_max, &got);
  if (result == 1) return {IoResult::Kind::bytes, got};
  const IoResult failure = failed(result);
  const bool said_goodbye = (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
  if (failure.kind == IoResult::Kind::closed && said_goodbye) return {IoResult::Kind::ended};
  return failure;
}

IoResult TlsStream::write(const char* from, size_t bytes) {
  ERR_clear_error();
  size_t put = 0;
  const int result = SSL_write_ex(ssl_, from, bytes, &put);
  if (result == 1) return {IoResult::Kind::bytes, put};
  return failed(result);
}

IoResult TlsStream::failed(int result) {
  const int why = SSL_get_error(ssl_, result);
  wants_write_ = why == SSL_ERROR_WANT_WRITE;
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
    return {IoResult::Kind::would_block};
  }
  return {IoResult::Kind::closed};
}

void TlsStream::shutdown() {
  ERR_clear_error();
  if (handshake_done_) SSL_shutdown(ssl_);
}

}  // namespace tiltyard
