#include "engine/connection_keeper.h"

#include <nghttp2/nghttp2.h>

#include <string>

#include "engine/job.h"

namespace tiltyard {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecondNs = 1'000'000'000;
// How long the first GOAWAY may be on its way before the second names the last stream.
constexpr uint64_t kShutdownNoticeNs = kSecondNs;
// How long a peer that has taken all may leave its side open.
constexpr uint64_t kLingerMs = 1'000;

bool is_over(uint64_t since_ns, uint64_t now_ns, uint64_t ms_max) {
  return ms_max != 0 && since_ns != 0 && now_ns - since_ns > ms_max * kMs;
}

}  // namespace

void ConnectionKeeper::tick(uint64_t now_ns) {
  requests_per_tick_ = 0;
  for (Connection* connection : connections_.all()) tick_one(*connection, now_ns);
}

void ConnectionKeeper::tick_one(Connection& connection, uint64_t now_ns) {
  Connection::Bookkeeping& books = connection.books;
  if (books.is_dead) return;
  books.requests_per_tick = books.requests - books.requests_at_tick;
  books.requests_at_tick = books.requests;
  requests_per_tick_ += books.requests_per_tick;
  if (books.is_lingering) return check_lingering(connection, now_ns);
  note_progress(connection, now_ns);
  check_timeouts(connection, now_ns);
  begin_second(connection, now_ns);
  if (books.is_dead || connection.handshaking()) return;
  check_calls(connection, now_ns);
  check_keepalive(connection, now_ns);
  const uint64_t age_ms_max =
      spread_age_ms(limits_.connection_age_ms_max, static_cast<uint32_t>(connection.fd()));
  if (is_over(books.opened_ns, now_ns, age_ms_max) && !books.is_closing) {
    counters_.closed_age.add();
    begin_close(connection, now_ns);
  }
  advance_close(connection, now_ns);
}

// Descriptors are small numbers in a row; the multiplication (Knuth's) scatters them.
uint64_t ConnectionKeeper::spread_age_ms(uint64_t age_ms_max, uint32_t seed) {
  const uint64_t thousandths = (seed * 2'654'435'761u) >> 22;  // of 1,024
  return age_ms_max - age_ms_max * thousandths / 10'240;
}

// A slow link is neither stalled nor dead while it takes bytes. epoll tells of room only when a
// third of the socket's buffer is free, and a PING waits behind all that is in it; but what the
// peer has taken shows in what it has still to acknowledge.
void ConnectionKeeper::note_progress(Connection& connection, uint64_t now_ns) {
  Connection::Bookkeeping& books = connection.books;
  if (books.blocked_since_ns == 0 && books.pinged_ns == 0) return;
  const int waiting = connection.unacknowledged_bytes();
  if (waiting != books.unacknowledged_at_tick) {
    if (books.blocked_since_ns != 0) books.blocked_since_ns = now_ns;
    if (books.pinged_ns != 0) books.pinged_ns = now_ns;
  }
  books.unacknowledged_at_tick = waiting;
}

void ConnectionKeeper::check_timeouts(Connection& connection, uint64_t now_ns) {
  const Connection::Bookkeeping& books = connection.books;
  const bool greeted = !connection.handshaking() && connection.http2().preface_done();
  if (!greeted && is_over(books.opened_ns, now_ns, limits_.handshake_ms_max)) {
    return connections_.doom(connection, counters_.closed_handshake);
  }
  if (is_over(books.blocked_since_ns, now_ns, limits_.slow_reader_ms_max)) {
    return connections_.doom(connection, counters_.closed_slow_reader);
  }
  if (books.open_calls == 0 && !books.is_closing &&
      is_over(books.active_ns, now_ns, limits_.connection_idle_ms_max)) {
    counters_.closed_idle.add();
    begin_close(connection, now_ns);
  }
}

// Floods are counted by the second, and looked for after each read (ConnectionSet).
void ConnectionKeeper::begin_second(Connection& connection, uint64_t now_ns) {
  Connection::Bookkeeping& books = connection.books;
  if (now_ns - books.second_began_ns < kSecondNs) return;
  books.second_began_ns = now_ns;
  books.control_frames = 0;
  books.resets = 0;
}

void ConnectionKeeper::check_keepalive(Connection& connection, uint64_t now_ns) {
  Connection::Bookkeeping& books = connection.books;
  if (connection.http2().ping_acknowledged()) {
    books.pinged_ns = 0;
    if (books.is_closing && !books.goaway_final) books.closing_since_ns -= kShutdownNoticeNs;
  }
  // Who has closed its side cannot answer; a reader that is gone is found when it takes nothing.
  if (books.input_ended) return;
  // The clock runs only while the answer could be read: a long cycle of ours is not its silence.
  const bool is_unread = books.on_ready_list || connection.unsent_bytes() > 0;
  if (books.pinged_ns != 0 && (books.ping_is_new || is_unread)) books.pinged_ns = now_ns;
  books.ping_is_new = false;
  if (is_over(books.pinged_ns, now_ns, limits_.keepalive_timeout_ms)) {
    return connections_.doom(connection, counters_.closed_keepalive);
  }
  if (books.pinged_ns == 0 && is_over(books.active_ns, now_ns, limits_.keepalive_ms)) {
    books.pinged_ns = now_ns;
    books.ping_is_new = true;
    connection.http2().submit_ping();
    replier_.mark_dirty(connection);
  }
}

void ConnectionKeeper::check_calls(Connection& connection, uint64_t now_ns) {
  calls_.for_each_on(connection, [&](Call& call) {
    expire(call, now_ns);
    check_output(call, now_ns);
  });
}

// An expired call that has not run never will, here or on a worker.
void ConnectionKeeper::expire(Call& call, uint64_t now_ns) {
  const uint64_t deadline_ns = call.metadata.deadline_ns;
  if (call.ended || deadline_ns == 0 || now_ns < deadline_ns) return;
  for (Job* job : call.jobs) job->cancelled.store(true, std::memory_order_relaxed);
  counters_.deadline_passed_waiting.add();
  const std::string late_us = std::to_string((now_ns - deadline_ns) / 1000);
  replier_.end(call, make_error(Error::deadline_passed, {late_us}));
}

// A client that keeps its windows shut must not make us keep its replies: those that still wait at
// a tick count as bytes in flight, and a call none of whose bytes is taken is given up.
void ConnectionKeeper::check_output(Call& call, uint64_t now_ns) {
  const size_t waiting = call.output_bytes();
  // Behind a socket that takes nothing, all calls wait; that is the connection's matter.
  if (waiting == 0 || call.connection->unsent_bytes() > 0) {
    call.blocked_since_ns = 0;
  } else if (call.blocked_since_ns == 0) {
    call.blocked_since_ns = now_ns;
  }
  const bool is_stalled = is_over(call.blocked_since_ns, now_ns, limits_.slow_reader_ms_max);
  const bool has_room = call.output_charge.try_set(shared_.budget, waiting);
  if (has_room && !is_stalled) return;
  (is_stalled ? counters_.calls_stalled : counters_.replies_dropped).add();
  call.connection->http2().submit_reset(call.stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
  replier_.mark_dirty(*call.connection);
}

void ConnectionKeeper::begin_drain(uint64_t now_ns) {
  for (Connection* connection : connections_.all()) {
    if (connection->handshaking()) {
      connections_.doom(*connection, counters_.closed_handshake);
    } else {
      begin_close(*connection, now_ns);
    }
  }
}

void ConnectionKeeper::begin_close(Connection& connection, uint64_t now_ns) {
  if (connection.books.is_closing || connection.books.is_dead) return;
  connection.books.is_closing = true;
  connection.books.closing_since_ns = now_ns;
  connection.books.pinged_ns = now_ns;
  connection.books.ping_is_new = true;
  connection.http2().submit_shutdown_notice();
  connection.http2().submit_ping();
  replier_.mark_dirty(connection);
}

void ConnectionKeeper::advance_close(Connection& connection, uint64_t now_ns) {
  Connection::Bookkeeping& books = connection.books;
  if (!books.is_closing || books.is_dead) return;
  if (!books.goaway_final && now_ns - books.closing_since_ns >= kShutdownNoticeNs) {
    books.goaway_final = true;
    connection.http2().submit_goaway(NGHTTP2_NO_ERROR);
    replier_.mark_dirty(connection);
  }
  if (!books.goaway_final) return;
  // A call without an open question could stay for ever; it is asked to come back elsewhere.
  calls_.for_each_on(connection, [this](Call& call) {
    const MethodRow& row = *call.metadata.method;
    const bool may_stay = row.client_streams || row.method == Method::health_watch;
    if (may_stay && !call.ended && call.answers.empty()) {
      replier_.end(call, make_error(Error::draining));
    }
  });
  const uint64_t grace_ms = limits_.connection_age_grace_ms;
  if (!shared_.draining.load() && is_over(books.closing_since_ns, now_ns, grace_ms)) {
    connections_.doom(connection, counters_.closed_age);
  }
}

void ConnectionKeeper::check_lingering(Connection& connection, uint64_t now_ns) {
  Connection::Bookkeeping& books = connection.books;
  const int waiting = connection.unacknowledged_bytes();
  if (waiting != books.unacknowledged_at_tick) books.lingering_since_ns = now_ns;
  books.unacknowledged_at_tick = waiting;
  if (waiting == 0 && is_over(books.lingering_since_ns, now_ns, kLingerMs)) {
    connections_.doom(connection, counters_.connections_closed);
  } else if (is_over(books.lingering_since_ns, now_ns, limits_.slow_reader_ms_max)) {
    connections_.doom(connection, counters_.closed_slow_reader);
  }
}

Connection* ConnectionKeeper::choose_to_move(uint64_t other_requests_per_tick) const {
  if (requests_per_tick_ <= other_requests_per_tick) return nullptr;
  const uint64_t gap = requests_per_tick_ - other_requests_per_tick;
  // Not worth it below a tenth of the load: connections should not wander.
  if (gap * 10 < requests_per_tick_ + other_requests_per_tick) return nullptr;
  Connection* best = nullptr;
  uint64_t best_gap = gap;
  for (Connection* connection : connections_.all()) {
    const uint64_t moved = 2 * connection->books.requests_per_tick;
    if (moved == 0 || connection->books.is_closing || connection->handshaking()) continue;
    const uint64_t gap_after = moved > gap ? moved - gap : gap - moved;
    if (gap_after >= best_gap) continue;
    best_gap = gap_after;
    best = connection;
  }
  // The move must take at least a third of the gap away.
  return best != nullptr && best_gap * 3 <= gap * 2 ? best : nullptr;
}

}  // namespace tiltyard
