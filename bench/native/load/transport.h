// One non-blocking TCP connection to the server, in the clear or with TLS and ALPN h2.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "load/options.h"

namespace tiltyard::load {

using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// What every connection of a run shares: the resolved address and the TLS context.
struct Target {
  sockaddr_storage address{};
  socklen_t address_length = 0;
  std::string host;
  SslContext tls{nullptr, &SSL_CTX_free};
};

// Fills `target`; the returned sentence is empty, or says what is wrong.
std::string resolve_target(const Options& options, Target& target);

enum class IoResult { kDone, kAgain, kClosed };

class Transport {
 public:
  Transport() = default;
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Connects, and finishes the TLS handshake, blocking; later calls never block. The returned
  // sentence is empty, or says what failed. `refused` tells that nobody listens there.
  std::string open(const Target& target, bool& refused);
  void close();

  // kDone: `length` bytes came or went. Anything but kDone leaves `length` at 0.
  IoResult read(std::span<uint8_t> buffer, size_t& length);
  IoResult write(std::string_view bytes, size_t& length);
  // Decrypted bytes wait for `read`, and the socket will not tell.
  bool holds_bytes() const { return ssl_ != nullptr && SSL_pending(ssl_) > 0; }
  int fd() const { return fd_; }

 private:
  std::string open_tls(const Target& target);
  IoResult tls_result(int returned, size_t& length);

  int fd_ = -1;
  SSL* ssl_ = nullptr;
};

}  // namespace tiltyard::load
