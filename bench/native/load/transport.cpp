#include "load/transport.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tiltyard::load {
namespace {

std::string make_tls_context(const std::string& authority, SslContext& context) {
  context.reset(SSL_CTX_new(TLS_client_method()));
  static constexpr uint8_t kAlpn[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof(kAlpn));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_load_verify_locations(context.get(), authority.c_str(), nullptr) != 1) {
    return "--tls-ca '" + authority + "' holds no usable certificate";
  }
  return "";
}

}  // namespace

std::string resolve_target(const Options& options, Target& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  if (const int error = getaddrinfo(options.host.c_str(), port.c_str(), &hints, &found)) {
    return "host '" + options.host + "' cannot be resolved: " + gai_strerror(error);
  }
  std::memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  target.address_length = found->ai_addrlen;
  target.host = options.host;
  freeaddrinfo(found);
  return options.tls_ca.empty() ? "" : make_tls_context(options.tls_ca, target.tls);
}

Transport::~Transport() {
  close();
}

void Transport::close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  if (fd_ >= 0) ::close(fd_);
  ssl_ = nullptr;
  fd_ = -1;
}

std::string Transport::open(const Target& target, bool& refused) {
  close();
  refused = false;
  fd_ = socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return std::string("no socket: ") + std::strerror(errno);
  const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
  if (connect(fd_, address, target.address_length) != 0) {
    refused = errno == ECONNREFUSED;
    return std::string("connect failed: ") + std::strerror(errno);
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (target.tls) {
    if (std::string wrong = open_tls(target); !wrong.empty()) return wrong;
  }
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  return "";
}

std::string Transport::open_tls(const Target& target) {
  ssl_ = SSL_new(target.tls.get());
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl_);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, target.host.c_str()) != 1) {
    SSL_set_tlsext_host_name(ssl_, target.host.c_str());
    X509_VERIFY_PARAM_set1_host(expected, target.host.c_str(), 0);
  }
  SSL_set_fd(ssl_, fd_);
  if (SSL_connect(ssl_) != 1) {
    const char* reason = ERR_reason_error_string(ERR_get_error());
    return std::string("TLS handshake failed: ") + (reason ? reason : "connection closed");
  }
  const uint8_t* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &length);
  if (length != 2 || std::memcmp(protocol, "h2", 2) != 0) return "the server did not choose h2";
  return "";
}

IoResult Transport::tls_result(int returned, size_t& length) {
  if (returned > 0) {
    length = static_cast<size_t>(returned);
    return IoResult::kDone;
  }
  const int error = SSL_get_error(ssl_, returned);
  ERR_clear_error();
  const bool again = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  return again ? IoResult::kAgain : IoResult::kClosed;
}

IoResult Transport::read(std::span<uint8_t> buffer, size_t& length) {
  length = 0;
  if (ssl_ != nullptr) {
    return tls_result(SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size())), length);
  }
  const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
  if (n > 0) {
    length = static_cast<size_t>(n);
    return IoResult::kDone;
  }
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? IoResult::kAgain : IoResult::kClosed;
}

IoResult Transport::write(std::string_view bytes, size_t& length) {
  length = 0;
  if (ssl_ != nullptr) {
    return tls_result(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())), length);
  }
  const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) {
    length = static_cast<size_t>(n);
    return IoResult::kDone;
  }
  return errno == EAGAIN || errno == EINTR ? IoResult::kAgain : IoResult::kClosed;
}

}  // namespace tiltyard::load
