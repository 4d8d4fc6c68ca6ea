#include "engine/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "base/clock.h"
#include "base/thread_class.h"

namespace tiltyard {
namespace {

// Without a free descriptor accept() fails at once, again and again.
constexpr auto kOutOfDescriptorsPause = std::chrono::milliseconds(20);

}  // namespace

Status Acceptor::start(const ListenOptions& options, uint16_t& port) {
  if (!options.tls_certificate_pem.empty()) {
    Status status = TlsContext::create(options.tls_certificate_pem, options.tls_key_pem,
                                       options.tls_client_ca_pem, tls_);
    if (!status.ok()) return status;
  }
  port = options.port;
  if (Status status = listen_on(options.host, port, listening_); !status.ok()) return status;
  for (FileDescriptor& socket : listening_) loop_.add(socket.get(), EPOLLIN, &socket);
  thread_ = std::thread([this] { run(); });
  return {};
}

void Acceptor::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  loop_.wake();
  if (thread_.joinable()) thread_.join();
  listening_.clear();
}

void Acceptor::run() {
  enter_thread_class(ThreadClass::io, "acceptor");
  while (!stopping_.load(std::memory_order_seq_cst)) {
    for (const epoll_event& event : loop_.wait(-1)) {
      accept_all(*static_cast<const FileDescriptor*>(event.data.ptr));
    }
  }
}

void Acceptor::accept_all(const FileDescriptor& listening) {
  for (;;) {
    FileDescriptor fd(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.is_open()) {
      assign(std::move(fd));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    counters_.failed.add();
    std::this_thread::sleep_for(kOutOfDescriptorsPause);
    return;
  }
}

void Acceptor::assign(FileDescriptor fd) {
  uint64_t connections = 0;
  IoThread* idlest = nullptr;
  for (const std::unique_ptr<IoThread>& io : io_threads_) {
    connections += io->connections();
    if (idlest == nullptr || io->connections() < idlest->connections()) idlest = io.get();
  }
  if (connections >= shared_.options.limits.connections_max) {
    counters_.refused_full.add();
    return;  // and the socket is closed
  }
  counters_.accepted.add();
  set_connection_options(fd.get());
  idlest->take_connection(std::make_unique<Connection>(std::move(fd), tls_.get(),
                                                       shared_.options.limits, monotonic_ns()));
}

}  // namespace tiltyard
