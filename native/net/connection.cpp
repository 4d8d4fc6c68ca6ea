#include "net/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace tiltyard {

Connection::Connection(FileDescriptor fd, const TlsContext* tls, const Limits& limits,
                       uint64_t now_ns)
    : fd_(std::move(fd)), http2_(limits, this), limits_(limits) {
  if (tls != nullptr) tls_ = std::make_unique<TlsStream>(*tls, fd_.get());
  books.opened_ns = now_ns;
  books.active_ns = now_ns;
  books.second_began_ns = now_ns;
}

IoResult Connection::read(char* to, size_t bytes_max, bool& may_have_more) {
  if (tls_ != nullptr) {
    const IoResult result = tls_->read(to, bytes_max);
    may_have_more = result.kind == IoResult::Kind::bytes && tls_->may_have_more();
    return result;
  }
  ssize_t got;
  do {
    got = recv(fd_.get(), to, bytes_max, 0);
  } while (got < 0 && errno == EINTR);
  // A short read of a stream socket means that it is empty (epoll(7)), so no second call is spent.
  may_have_more = got == static_cast<ssize_t>(bytes_max);
  if (got > 0) return {IoResult::Kind::bytes, static_cast<size_t>(got)};
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {IoResult::Kind::would_block};
  return {got == 0 ? IoResult::Kind::ended : IoResult::Kind::closed};
}

size_t Connection::write_some(const char* from, size_t bytes, bool& closed) {
  const size_t written = write_until_blocked(from, bytes, closed);
  written_ += written;
  return written;
}

size_t Connection::write_until_blocked(const char* from, size_t bytes, bool& closed) {
  size_t written = 0;
  while (written < bytes) {
    if (tls_ != nullptr) {
      const IoResult result = tls_->write(from + written, bytes - written);
      closed = result.kind == IoResult::Kind::closed;
      if (result.kind != IoResult::Kind::bytes) return written;
      written += result.bytes;
      continue;
    }
    const ssize_t put = send(fd_.get(), from + written, bytes - written, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      closed = errno != EAGAIN && errno != EWOULDBLOCK;
      return written;
    }
    written += static_cast<size_t>(put);
  }
  return written;
}

int Connection::unacknowledged_bytes() const {
  int bytes = 0;
  ioctl(fd_.get(), SIOCOUTQ, &bytes);  // fails only when the socket is broken, which a send tells
  return bytes;
}

void Connection::end_output() {
  shutdown_tls();
  ::shutdown(fd_.get(), SHUT_WR);
}

Connection::Flushed Connection::flush(Bytes& scratch, uint64_t now_ns) {
  bool closed = false;
  size_t moved = 0;
  for (;;) {
    if (unsent_bytes() > 0) {
      const size_t written = write_some(unsent_.data() + unsent_from_, unsent_bytes(), closed);
      unsent_from_ += written;
      moved += written;
      if (closed) return Flushed::closed;
      if (unsent_bytes() > 0) break;
      unsent_.clear();
      unsent_.shrink_to_fit();
      unsent_from_ = 0;
    }
    scratch.clear();
    const bool healthy = http2_.take_output(scratch, limits_.output_bytes_max);
    const size_t written = write_some(scratch.data(), scratch.size(), closed);
    moved += written;
    if (closed || !healthy) return Flushed::closed;
    if (written < scratch.size()) {
      unsent_.assign(scratch, written);
      break;
    }
    if (scratch.size() < limits_.output_bytes_max) {
      books.blocked_since_ns = 0;
      return Flushed::all;
    }
  }
  if (moved > 0 || books.blocked_since_ns == 0) books.blocked_since_ns = now_ns;
  return Flushed::blocked;
}

}  // namespace tiltyard
