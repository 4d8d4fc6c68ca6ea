#include "engine/io_thread.h"

#include <sched.h>

#include <string>
#include <utility>

#include "base/clock.h"
#include "base/thread_class.h"
#include "engine/job.h"
#include "engine/worker_pool.h"
#include "grpc/compression.h"

namespace tiltyard {

IoThread::IoThread(EngineShared& shared, uint32_t index)
    : shared_(shared),
      index_(index),
      shares_core_(shared.options.cores < shared.options.io_threads),
      calls_(shared.options.limits.calls_max),
      replier_(shared.options.limits, calls_, counters_),
      receiver_(shared, calls_, replier_, counters_),
      connections_(shared.options.limits, loop_, receiver_, replier_, counters_),
      keeper_(shared, connections_, calls_, receiver_, replier_, counters_),
      infer_(shared, *this, index, calls_, replier_, counters_),
      services_(shared, *this, calls_, replier_, counters_) {}

IoThread::~IoThread() {
  stop();
  for (Job* job = finished_.take_all(); job != nullptr;) {
    const std::unique_ptr<Job> owned(job);
    job = job->next_in_inbox;
  }
}

void IoThread::start(const std::vector<std::unique_ptr<IoThread>>& peers) {
  peers_ = &peers;
  thread_ = std::thread([this] { run(); });
}

void IoThread::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  loop_.wake();
  if (thread_.joinable()) {
    thread_.join();
    // Jobs of these calls are still with others, who send them home before they are freed.
    for (Connection* connection : connections_.all()) receiver_.drop_calls(*connection);
    connections_.close_all();
  }
  // Also what a peer, which may stop later, has moved here after the end of this thread.
  for (Connection* connection = arrivals_.take_all(); connection != nullptr;) {
    const std::unique_ptr<Connection> owned(connection);
    connection = connection->next_in_inbox;
  }
}

void IoThread::take_connection(std::unique_ptr<Connection> connection) {
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  arrivals_.push(connection.release());
  wake();
}

void IoThread::take_home(Job* job) {
  finished_.push(job);
  wake();
}

// The push before and the flag here are both seq_cst, as are the flag and the look into the inboxes
// in wait(): one of the two threads sees the other.
void IoThread::wake() {
  if (asleep_.load(std::memory_order_seq_cst)) loop_.wake();
}

void IoThread::run() {
  enter_thread_class(ThreadClass::io, "io-" + std::to_string(index_));
  while (!stopping_.load(std::memory_order_relaxed)) cycle();
  shared_.routes.sleep(index_);
}

void IoThread::cycle() {
  const std::span<const epoll_event> events = wait();
  const uint64_t began_ns = monotonic_ns();
  const RouteTable& table = shared_.routes.read(index_);

  take_inboxes();
  take_put_off();
  receiver_.set_now(began_ns);
  receiver_.resume_held();
  connections_.read(events);
  receiver_.end_reading();
  decode_and_route(table);
  infer_.run_groups();
  pass_time(table, began_ns);
  const uint64_t flushed_ns = monotonic_ns();
  connections_.flush(flushed_ns);
  infer_.record_latency(flushed_ns);

  receiver_.messages().clear();
  connections_.close_doomed([this] { connection_count_.fetch_sub(1, std::memory_order_relaxed); });
  move_connection();
  // Without connections there is no next tick to say so.
  if (connections_.all().empty()) requests_per_tick_.store(0, std::memory_order_relaxed);
  open_calls_.store(calls_.open(), std::memory_order_relaxed);
  counters_.cycles.add();
  const uint64_t ended_ns = monotonic_ns();
  counters_.busy_ns.add(ended_ns - began_ns);
  if (!events.empty()) spin_until_ns_ = ended_ns + shared_.options.busy_poll_us * 1'000ull;
}

bool IoThread::has_work() const {
  return connections_.has_ready() || receiver_.has_held() || !put_off_.empty() ||
         !arrivals_.empty() || !finished_.empty() || stopping_.load(std::memory_order_seq_cst);
}

int IoThread::wait_ms(uint64_t now_ns) const {
  if (connections_.all().empty()) return -1;
  return now_ns >= next_tick_ns_ ? 0 : static_cast<int>((next_tick_ns_ - now_ns) / 1'000'000 + 1);
}

std::span<const epoll_event> IoThread::wait() {
  if (has_work()) return loop_.wait(0);
  shared_.routes.sleep(index_);
  uint64_t now_ns = monotonic_ns();
  while (now_ns < spin_until_ns_) {
    const std::span<const epoll_event> events = loop_.wait(0);
    if (!events.empty() || has_work()) return events;
    cpu_relax();
    now_ns = monotonic_ns();
  }
  // Beside another io thread on its core: that one's cycle brings work, and waking up costs more.
  if (shares_core_ && shared_.workers->idle()) {
    sched_yield();
    const std::span<const epoll_event> events = loop_.wait(0);
    if (!events.empty() || has_work()) return events;
  }
  asleep_.store(true, std::memory_order_seq_cst);
  const std::span<const epoll_event> events = loop_.wait(has_work() ? 0 : wait_ms(now_ns));
  asleep_.store(false, std::memory_order_seq_cst);
  return events;
}

void IoThread::take_inboxes() {
  for (Connection* connection = arrivals_.take_all(); connection != nullptr;) {
    Connection* next = connection->next_in_inbox;
    connections_.add(std::unique_ptr<Connection>(connection));
    const bool has_moved = std::exchange(connection->books.is_moving, false);
    (has_moved ? counters_.connections_moved_in : counters_.connections_opened).add();
    if (draining_seen_) keeper_.begin_drain(monotonic_ns());
    connection = next;
  }
  for (Job* job = finished_.take_all(); job != nullptr;) {
    const std::unique_ptr<Job> home(job);
    job = job->next_in_inbox;
    if (home->served != nullptr) {
      infer_.finish(*home);
    } else {
      services_.finish(*home);
    }
  }
}

void IoThread::decode_and_route(const RouteTable& table) {
  StablePool<ReceivedMessage>& messages = receiver_.messages();
  inflated_this_cycle_ = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!answer_message(messages[i], table)) messages[i].trim();
  }
}

// True: a group is to run on the message's bytes.
bool IoThread::answer_message(ReceivedMessage& received, const RouteTable& table) {
  Call* call = calls_.find(received.to.call);
  if (call == nullptr || call->ended) return false;  // reset or ended since it was received
  if (received.message.compressed && !inflate(received, call->metadata.request_encoding)) {
    return false;
  }
  const Method method = call->metadata.method->method;
  if (method == Method::model_infer || method == Method::model_stream_infer) {
    return infer_.accept(*call, received, table);
  }
  services_.answer(*call, received, table);
  return false;
}

// False: it was answered with an error, or is put off to the next cycle.
bool IoThread::inflate(ReceivedMessage& received, Encoding encoding) {
  const Limits& limits = shared_.options.limits;
  GrpcMessage& message = received.message;
  if (encoding != Encoding::gzip) {
    replier_.fail(received.to, make_error(Error::bad_compression,
                                          {"a message is flagged as compressed, but the call "
                                           "names no grpc-encoding"}));
    return false;
  }
  if (inflated_this_cycle_ >= limits.inflated_bytes_per_cycle_max) {
    put_off(received);
    return false;
  }
  const Status status =
      gunzip(message.view, limits.message_bytes_max, shared_.budget, received.charge, inflated_);
  inflated_this_cycle_ += inflated_.size();
  counters_.inflated_bytes.add(inflated_.size());
  if (status.ok()) {
    message.owned.swap(inflated_);
    message.view = message.owned;
    message.compressed = false;
  } else {
    replier_.fail(received.to, status);
  }
  if (inflated_.capacity() > kMessageBytesKept) free_bytes(inflated_);
  return status.ok();
}

// More than one cycle should hold, or take the time for, waits for the next with its own bytes.
void IoThread::put_off(ReceivedMessage& received) {
  received.message.own();
  if (!received.charge.try_set(shared_.budget, received.message.owned.size())) {
    return replier_.fail(received.to, make_error(Error::bytes_in_flight,
                                                 {std::to_string(shared_.budget.bytes_max())}));
  }
  counters_.messages_put_off.add();
  put_off_.push_back(std::move(received));
}

// What was put off goes before what has come since.
void IoThread::take_put_off() {
  for (ReceivedMessage& received : put_off_) {
    ReceivedMessage& taken = receiver_.messages().push();
    taken = std::move(received);
    taken.message.view = taken.message.owned;
  }
  put_off_.clear();
}

void IoThread::pass_time(const RouteTable& table, uint64_t now_ns) {
  const bool draining = shared_.draining.load(std::memory_order_seq_cst);
  const uint64_t epoch = shared_.routes.epoch();
  if (epoch != table_epoch_seen_ || draining != draining_seen_) services_.update_watchers(table);
  table_epoch_seen_ = epoch;
  if (draining && !draining_seen_) keeper_.begin_drain(now_ns);
  draining_seen_ = draining;
  if (now_ns < next_tick_ns_) return;
  next_tick_ns_ = now_ns + ConnectionKeeper::kTickNs;
  keeper_.tick(now_ns);
  requests_per_tick_.store(keeper_.requests_per_tick(), std::memory_order_relaxed);
  balance();
}

// One thread a tick may give a connection away, in turn, so that two never trade at once.
void IoThread::balance() {
  moving_ = nullptr;
  const std::vector<std::unique_ptr<IoThread>>& peers = *peers_;
  if (peers.size() < 2 || draining_seen_) return;
  const uint64_t turn = next_tick_ns_ / ConnectionKeeper::kTickNs / 4;
  if (turn % peers.size() != index_) return;
  IoThread* idlest = this;
  for (const std::unique_ptr<IoThread>& peer : peers) {
    if (peer->requests_per_tick_.load(std::memory_order_relaxed) <
        idlest->requests_per_tick_.load(std::memory_order_relaxed)) {
      idlest = peer.get();
    }
  }
  if (idlest == this) return;
  moving_ = keeper_.choose_to_move(idlest->requests_per_tick_.load(std::memory_order_relaxed));
  moving_to_ = idlest;
}

void IoThread::move_connection() {
  if (moving_ == nullptr) return;
  // It may have been closed in this cycle: only an address that is still listed is a connection.
  bool is_here = false;
  for (Connection* connection : connections_.all()) is_here = is_here || connection == moving_;
  if (!is_here) {
    moving_ = nullptr;
    return;
  }
  if (moving_->books.open_calls > 0) return;
  std::unique_ptr<Connection> leaving = connections_.detach(*moving_);
  moving_ = nullptr;
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  counters_.connections_moved_out.add();
  leaving->books.is_moving = true;
  moving_to_->take_connection(std::move(leaving));
}

}  // namespace tiltyard
