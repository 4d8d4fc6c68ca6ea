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
constexpr int kPortsTried = 16;  // where a free one of one address is taken on another

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

void set_port(sockaddr* address, uint16_t port) {
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(port);
  }
}

// 0, or the errno. `alone`: no other socket is to have the same port for the other family.
int listen_at(const addrinfo& address, bool alone, FileDescriptor& out) {
  FileDescriptor fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return errno;
  const int yes = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (address.ai_family == AF_INET6 && !alone) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  }
  if (bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  if (listen(fd.get(), kListenBacklog) != 0) return errno;
  out = std::move(fd);
  return 0;
}

// The machine has no such family or address, though the name has.
bool is_absent(int problem) {
  return problem == EAFNOSUPPORT || problem == EADDRNOTAVAIL;
}

// Listens on all of `addresses` with one port. 0, or the errno of the one that failed.
int listen_at_all(const addrinfo* addresses, uint16_t& port, std::vector<FileDescriptor>& out) {
  const bool alone = addresses->ai_next == nullptr;
  int absent = 0;
  out.clear();
  for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    set_port(address->ai_addr, port);
    FileDescriptor fd;
    const int problem = listen_at(*address, alone, fd);
    if (is_absent(problem)) absent = problem;
    if (problem != 0 && !is_absent(problem)) return problem;
    if (problem != 0) continue;
    port = bound_port(fd.get());
    out.push_back(std::move(fd));
  }
  return out.empty() ? absent : 0;
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  close();
}

void FileDescriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status listen_on(const std::string& host, uint16_t& port, std::vector<FileDescriptor>& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int looked_up = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                    std::to_string(port).c_str(), &hints, &found);
  if (looked_up != 0) return listen_error(host, port, gai_strerror(looked_up));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  for (int tried = 1;; ++tried) {
    uint16_t chosen = port;
    const int problem = listen_at_all(addresses.get(), chosen, out);
    if (problem == 0) {
      port = chosen;
      return {};
    }
    out.clear();
    if (port != 0 || problem != EADDRINUSE || tried == kPortsTried) {
      return listen_error(host, port, std::strerror(problem));
    }
  }
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
