#include "net/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/assert.h"

namespace tiltyard {
namespace {

constexpr int kListenBacklog = 4'096;

Status listen_error(const std::string& host, uint16_t port, const char* what) {
  return make_error(Error::listen_failed, {host + ":" + std::to_string(port), what});
}

uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes);
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() { close(); }

void FileDescriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status listen_on(const std::string& host, uint16_t& port, FileDescriptor& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int looked_up =
      getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (looked_up != 0) return listen_error(host, port, gai_strerror(looked_up));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  FileDescriptor fd(
      socket(addresses->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return listen_error(host, port, std::strerror(errno));
  const int yes = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 ||
      listen(fd.get(), kListenBacklog) != 0) {
    return listen_error(host, port, std::strerror(errno));
  }
  port = bound_port(fd.get());
  out = std::move(fd);
  return {};
}

void set_connection_options(int fd) {
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

WakeUp::WakeUp() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  TILTYARD_ASSERT(fd_.is_open(), "no file descriptor is left for an eventfd");
}

void WakeUp::raise() {
  const uint64_t one = 1;
  // It can only fail when the counter is full, and then a wake-up is due anyway.
  [[maybe_unused]] const ssize_t written = write(fd_.get(), &one, sizeof one);
}

void WakeUp::clear() {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = read(fd_.get(), &count, sizeof count);
}

}  // namespace tiltyard
