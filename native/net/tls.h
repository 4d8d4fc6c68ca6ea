// TLS over a non-blocking socket: OpenSSL, ALPN h2, client certificates when a CA is given.
//
// A TlsContext is shared by all connections and immutable; a TlsStream belongs to one connection.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace tiltyard {

struct TlsSocket;

// Result of one read or write on a transport.
struct IoResult {
  // ended: the peer has sent its last byte, and may still read; closed: the transport is broken.
  enum class Kind : uint8_t { bytes, would_block, ended, closed };
  Kind kind;
  size_t bytes = 0;
};

class TlsContext {
 public:
  // PEM texts. With `client_ca` every client must show a certificate that it signed.
  static Status create(const std::string& certificate_pem, const std::string& key_pem,
                       const std::string& client_ca_pem, std::unique_ptr<TlsContext>& out);
  ~TlsContext();

 private:
  friend class TlsStream;
  TlsContext() = default;
  SSL_CTX* context_ = nullptr;
};

class TlsStream {
 public:
  TlsStream(const TlsContext& context, int fd);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // would_block: wait for the socket; bytes: done; closed: it failed.
  IoResult::Kind handshake();
  bool handshake_done() const { return handshake_done_; }
  IoResult read(char* to, size_t bytes_max);
  IoResult write(const char* from, size_t bytes);
  // Whether a read could bring bytes at once. epoll will not tell of those that wait inside
  // OpenSSL.
  bool may_have_more() const { return !socket_drained_ || SSL_has_pending(ssl_) == 1; }
  bool wants_write() const { return wants_write_; }
  void shutdown();

 private:
  friend struct TlsSocket;
  IoResult failed(int result);

  SSL* ssl_ = nullptr;
  const int fd_;
  bool socket_ended_ = false;    // the peer has closed its side
  bool socket_drained_ = false;  // the last read of the socket got less than it asked for
  bool handshake_done_ = false;
  bool wants_write_ = false;  // the last call waits for the socket to take bytes
};

}  // namespace tiltyard
