#include "engine/connection_set.h"

#include <algorithm>

#include "base/assert.h"
#include "base/clock.h"

namespace tiltyard {
namespace {

constexpr uint32_t kEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr size_t kReadBytes = 32 * 1024;  // of one system call

}  // namespace

ConnectionSet::ConnectionSet(const Limits& limits, EventLoop& loop, RpcReceiver& receiver,
                             Replier& replier, IoCounters& counters)
    : limits_(limits),
      loop_(loop),
      receiver_(receiver),
      replier_(replier),
      counters_(counters),
      arena_(new char[limits.read_arena_bytes]) {
  TILTYARD_ASSERT(limits.read_bytes_per_connection_max >= kReadBytesMin &&
                      limits.read_arena_bytes >= kReadBytesMin,
                  "the limits leave room for a read; that was checked before");
}

ConnectionSet::~ConnectionSet() {
  close_all();
}

void ConnectionSet::close_all() {
  for (Connection* connection : all_) delete connection;
  all_.clear();
}

void ConnectionSet::add(std::unique_ptr<Connection> owned) {
  Connection* connection = owned.release();
  connection->http2().set_handler(&receiver_);
  connection->books.table_index = static_cast<uint32_t>(all_.size());
  all_.push_back(connection);
  loop_.add(connection->fd(), kEvents, connection);
  // Bytes may have come before epoll knew of it, and our SETTINGS are to go out.
  put_on_ready_list(*connection);
  if (!connection->handshaking()) replier_.mark_dirty(*connection);
}

std::unique_ptr<Connection> ConnectionSet::detach(Connection& connection) {
  TILTYARD_ASSERT(connection.books.open_calls == 0, "a connection leaves without open calls");
  loop_.remove(connection.fd());
  Connection* last = all_.back();
  all_[connection.books.table_index] = last;
  last->books.table_index = connection.books.table_index;
  all_.pop_back();
  if (connection.books.on_ready_list) std::erase(ready_, &connection);
  connection.books.on_ready_list = false;
  if (connection.books.is_dirty) std::erase(replier_.dirty(), &connection);
  connection.books.is_dirty = false;
  connection.books.watches_output = false;
  return std::unique_ptr<Connection>(&connection);
}

// Only while output waits: a socket that is always watched for it reports it after each read.
void ConnectionSet::watch_output(Connection& connection, bool wanted) {
  if (connection.books.watches_output == wanted) return;
  connection.books.watches_output = wanted;
  loop_.change(connection.fd(), kEvents | (wanted ? uint32_t{EPOLLOUT} : 0), &connection);
}

void ConnectionSet::put_on_ready_list(Connection& connection) {
  if (connection.books.on_ready_list) return;
  connection.books.on_ready_list = true;
  ready_.push_back(&connection);
}

void ConnectionSet::note_event(const epoll_event& event) {
  Connection& connection = *static_cast<Connection*>(event.data.ptr);
  if ((event.events & EPOLLOUT) != 0 && connection.unsent_bytes() > 0) {
    replier_.mark_dirty(connection);
  }
  if ((event.events & EPOLLRDHUP) != 0) connection.books.hung_up = true;
  if (connection.books.input_ended && (event.events & (EPOLLHUP | EPOLLERR)) != 0) {
    return doom(connection, counters_.connections_closed);  // nobody waits for the replies
  }
  const uint32_t readable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((event.events & readable) != 0 || connection.handshaking()) put_on_ready_list(connection);
}

void ConnectionSet::read(std::span<const epoll_event> events) {
  for (const epoll_event& event : events) note_event(event);
  arena_used_ = 0;
  handshakes_this_cycle_ = 0;
  reading_.swap(ready_);
  size_t next = 0;
  while (next < reading_.size() && has_room_in_cycle()) {
    Connection* connection = reading_[next++];
    connection->books.on_ready_list = false;
    connection->books.requests_this_cycle = 0;
    if (connection->books.is_dead || connection->books.input_ended) continue;
    if (connection->unsent_bytes() == 0 && finish_handshake(*connection)) read_one(*connection);
  }
  // Who was left out goes first in the next cycle, before those who have had a turn and want more.
  if (next < reading_.size()) counters_.read_budget_ran_out.add();
  ready_.insert(ready_.begin(), reading_.begin() + static_cast<ptrdiff_t>(next), reading_.end());
  reading_.clear();
}

bool ConnectionSet::has_room_in_cycle() {
  return limits_.read_arena_bytes - arena_used_ >= kReadBytesMin &&
         receiver_.messages().size() < limits_.requests_per_cycle_max;
}

// A storm of new connections must not hold up those there are: a cycle does a few handshakes'
// steps.
bool ConnectionSet::finish_handshake(Connection& connection) {
  if (!connection.handshaking()) return true;
  if (handshakes_this_cycle_ >= limits_.handshakes_per_cycle_max) {
    counters_.handshakes_put_off.add();
    put_on_ready_list(connection);
    return false;
  }
  ++handshakes_this_cycle_;
  const IoResult::Kind result = connection.handshake();
  if (result == IoResult::Kind::closed) doom(connection, counters_.closed_handshake);
  if (result == IoResult::Kind::bytes) replier_.mark_dirty(connection);  // our SETTINGS
  if (result == IoResult::Kind::would_block) watch_output(connection, connection.wants_write());
  return result == IoResult::Kind::bytes;
}

void ConnectionSet::read_one(Connection& connection) {
  const size_t budget_end = arena_used_ + limits_.read_bytes_per_connection_max;
  bool may_have_more = true;
  // The peer's end was told together with its last bytes, and epoll will not tell of it again.
  while (may_have_more || connection.books.hung_up) {
    const size_t end = std::min<size_t>(budget_end, limits_.read_arena_bytes);
    if (end - arena_used_ < kReadBytesMin ||
        connection.books.requests_this_cycle >= limits_.requests_per_connection_max) {
      counters_.read_budget_ran_out.add();
      return put_on_ready_list(connection);
    }
    char* const to = arena_.get() + arena_used_;
    const IoResult result =
        connection.read(to, std::min(kReadBytes, end - arena_used_), may_have_more);
    if (result.kind == IoResult::Kind::would_block) return;
    if (result.kind == IoResult::Kind::ended) return end_input(connection);
    if (result.kind == IoResult::Kind::closed) {
      return doom(connection, counters_.connections_closed);
    }
    arena_used_ += result.bytes;
    counters_.bytes_in.add(result.bytes);
    if (connection.books.is_lingering) continue;  // HTTP/2 has ended
    const uint64_t now_ns = monotonic_ns();
    connection.books.active_ns = now_ns;
    receiver_.set_now(now_ns);
    replier_.mark_dirty(connection);
    const bool healthy = connection.http2().feed({to, result.bytes});
    if (is_flooding(connection)) {
      connection.http2().submit_goaway(NGHTTP2_ENHANCE_YOUR_CALM);
      return doom(connection, counters_.closed_flood);
    }
    if (!healthy) return doom(connection, counters_.closed_protocol_error);
  }
}

// A client that has closed its side still gets the replies to what it asked in full.
void ConnectionSet::end_input(Connection& connection) {
  connection.books.input_ended = true;
  receiver_.drop_unfinished(connection);
  if (connection.books.open_calls == 0) return doom(connection, counters_.connections_closed);
  replier_.mark_dirty(connection);
}

bool ConnectionSet::is_flooding(Connection& connection) {
  Connection::Bookkeeping& books = connection.books;
  books.control_frames += connection.http2().take_control_frames();
  books.resets += connection.http2().take_resets();
  return connection.http2().is_flooded() ||
         books.control_frames > limits_.control_frames_per_s_max ||
         books.resets > limits_.resets_per_s_max;
}

void ConnectionSet::flush(uint64_t now_ns) {
  // Flushing may end calls but dirties nothing new.
  for (Connection* connection : replier_.dirty()) {
    connection->books.is_dirty = false;
    flush_one(*connection, now_ns);
  }
  replier_.dirty().clear();
}

// A socket that is closed before the peer has taken all throws the rest away as soon as one more
// byte comes in: a PING or a window update. So it is read to its end, and the bytes dropped.
void ConnectionSet::linger(Connection& connection, uint64_t now_ns) {
  connection.books.is_lingering = true;
  connection.books.is_closing = true;
  connection.books.lingering_since_ns = now_ns;
  connection.end_output();
}

void ConnectionSet::flush_one(Connection& connection, uint64_t now_ns) {
  if (connection.books.is_lingering) return;
  const bool was_blocked = connection.unsent_bytes() > 0;
  const Connection::Flushed flushed = connection.flush(scratch_, now_ns);
  counters_.bytes_out.add(connection.take_written());
  switch (flushed) {
    case Connection::Flushed::closed:
      return doom(connection, counters_.connections_closed);
    case Connection::Flushed::blocked:
      return watch_output(connection, true);
    case Connection::Flushed::all:
      break;
  }
  watch_output(connection, false);
  // Its input was left alone while its output was blocked, and epoll will not tell of it again.
  if (was_blocked) put_on_ready_list(connection);
  if (connection.books.input_ended && connection.books.open_calls == 0) {
    return doom(connection, counters_.connections_closed);
  }
  if (connection.http2().wants_input() || connection.http2().wants_output()) return;
  if (connection.http2().has_failed()) return doom(connection, counters_.closed_protocol_error);
  linger(connection, now_ns);
}

void ConnectionSet::doom(Connection& connection, Counter& reason) {
  if (connection.books.is_dead) return;
  connection.books.is_dead = true;
  doomed_.push_back(&connection);
  if (&reason != &counters_.connections_closed) reason.add();
}

void ConnectionSet::close_doomed(const std::function<void()>& closed) {
  for (Connection* connection : doomed_) {
    receiver_.drop_calls(*connection);
    connection->shutdown_tls();
    detach(*connection);  // and gone
    counters_.connections_closed.add();
    closed();
  }
  doomed_.clear();
}

}  // namespace tiltyard
