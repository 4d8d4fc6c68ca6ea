#include "load/generator.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "load/cpu_time.h"

namespace tiltyard::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr int64_t kWaitNsMax = 20'000'000;
// With so few sockets, asking each is cheaper than asking epoll first.
constexpr size_t kSpinDirectlyMax = 8;

uint64_t ns_of(double seconds) {
  return static_cast<uint64_t>(seconds * 1e9);
}

}  // namespace

Generator::Generator(const Options& options, const Target& target, Corpus& corpus)
    : options_(options),
      rule_{options.tolerance, options.any_rank},
      target_(target),
      corpus_(corpus),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  const std::string authority = options.host + ":" + std::to_string(options.port);
  for (uint32_t i = 0; i < options.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(*this, options.streams, options.method_path,
                                                        authority, target.tls != nullptr,
                                                        options.keys > 0));
  }
}

Generator::~Generator() {
  ::close(epoll_);
}

std::string Generator::run() {
  if (std::string wrong = open_connections(); !wrong.empty()) return wrong;
  now_ns_ = monotonic_ns();
  window_start_ns_ = now_ns_ + ns_of(options_.warm_up_s);
  if (options_.rate > 0) {
    schedule_.emplace(options_.rate, options_.poisson, options_.seed, now_ns_);
  }
  send_what_is_due();
  while (!finished()) {
    cycle();
    if (std::string wrong = mend_connections(); !wrong.empty()) return wrong;
  }
  tally_.unanswered = passed_over_.size();
  for (const auto& connection : connections_) tally_.unanswered += connection->in_flight();
  return "";
}

std::string Generator::open_connections() {
  const uint64_t give_up_ns = monotonic_ns() + ns_of(options_.connect_s);
  for (auto& connection : connections_) {
    bool refused = false;
    std::string wrong = connection->open(target_, refused);
    while (refused && monotonic_ns() < give_up_ns) {
      usleep(200);
      wrong = connection->open(target_, refused);
    }
    if (!wrong.empty()) return wrong;
    ++tally_.connections_opened;
    watch(*connection, true);
  }
  return "";
}

void Generator::watch(Connection& connection, bool first) {
  epoll_event event{};
  event.events = EPOLLIN | (connection.wants_write() ? uint32_t{EPOLLOUT} : 0u);
  event.data.ptr = &connection;
  epoll_ctl(epoll_, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd(), &event);
}

// A server may end a connection after a while; the load goes on over a new one.
std::string Generator::mend_connections() {
  for (auto& connection : connections_) {
    if (connection->alive() && (!connection->draining() || connection->in_flight() > 0)) continue;
    if (phase_ == Phase::kDrain && passed_over_.empty()) continue;
    if (!connection->alive()) ++tally_.connections_lost;
    bool refused = false;
    if (std::string wrong = connection->open(target_, refused); !wrong.empty()) {
      return "a connection was lost and could not be opened again: " + wrong;
    }
    ++tally_.connections_opened;
    watch(*connection, true);
  }
  return "";
}

void Generator::cycle() {
  wait_for_events();
  advance_phase();
  send_what_is_due();
  for (auto& connection : connections_) {
    const bool waited = connection->wants_write();
    connection->flush();
    if (connection->alive() && waited != connection->wants_write()) watch(*connection, false);
  }
}

void Generator::wait_for_events() {
  if (options_.busy_poll && connections_.size() <= kSpinDirectlyMax) {
    for (auto& connection : connections_) connection->receive();
    now_ns_ = monotonic_ns();
    return;
  }
  std::array<epoll_event, 256> events;
  now_ns_ = monotonic_ns();
  const int64_t wait = options_.busy_poll ? 0 : wait_ns();
  const timespec timeout{wait / int64_t{kSecond}, wait % int64_t{kSecond}};
  const int n = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < n; ++i) {
    auto& connection = *static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
    connection.receive();
  }
  now_ns_ = monotonic_ns();
}

int64_t Generator::wait_ns() const {
  int64_t wait = kWaitNsMax;
  const auto until = [&](uint64_t then_ns) {
    wait = std::min(wait, std::max<int64_t>(0, static_cast<int64_t>(then_ns - now_ns_)));
  };
  if (phase_ == Phase::kWarmUp) until(window_start_ns_);
  if (phase_ == Phase::kWindow && window_end_ns_ != 0) until(window_end_ns_);
  const bool room = std::any_of(connections_.begin(), connections_.end(),
                                [](const auto& connection) { return connection->has_free_slot(); });
  if (schedule_ && may_send() && room) until(schedule_->next_ns());
  return wait;
}

bool Generator::may_send() const {
  return phase_ != Phase::kDrain && (options_.requests == 0 || window_sent_ < options_.requests);
}

bool Generator::finished() const {
  if (phase_ != Phase::kDrain) return false;
  if (now_ns_ >= drain_until_ns_) return true;
  return passed_over_.empty() &&
         std::all_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->in_flight() == 0; });
}

void Generator::advance_phase() {
  if (phase_ == Phase::kWarmUp && now_ns_ >= window_start_ns_) open_window();
  if (phase_ != Phase::kWindow) return;
  const bool over =
      options_.requests > 0 ? tally_.requests >= options_.requests : now_ns_ >= window_end_ns_;
  if (over) close_window();
}

void Generator::open_window() {
  phase_ = Phase::kWindow;
  window_start_ns_ = now_ns_;
  window_end_ns_ = options_.requests > 0 ? 0 : now_ns_ + ns_of(options_.duration_s);
  cost_.wall_ns = now_ns_;
  cost_.own_cpu_ns = cpu_time_ns(getpid());
  cost_.watched_cpu_ns = cpu_time_ns(options_.watched_pids);
}

void Generator::close_window() {
  cost_.watched_cpu_ns = cpu_time_ns(options_.watched_pids) - cost_.watched_cpu_ns;
  cost_.own_cpu_ns = cpu_time_ns(getpid()) - cost_.own_cpu_ns;
  cost_.wall_ns = now_ns_ - cost_.wall_ns;
  window_end_ns_ = now_ns_;
  phase_ = Phase::kDrain;
  drain_until_ns_ = now_ns_ + ns_of(options_.drain_s_max);
}

void Generator::send_again() {
  for (auto& connection : connections_) {
    while (!passed_over_.empty() && connection->has_free_slot()) {
      const Request request = passed_over_.back();
      passed_over_.pop_back();
      connection->submit(request, now_ns_);
    }
  }
}

void Generator::send_what_is_due() {
  send_again();
  if (!schedule_) {
    for (auto& connection : connections_) {
      while (may_send() && connection->has_free_slot()) send_on(*connection, now_ns_);
    }
    return;
  }
  size_t full = 0;
  while (may_send() && schedule_->next_ns() <= now_ns_ && full < connections_.size()) {
    Connection& connection = *connections_[next_connection_++ % connections_.size()];
    if (!connection.has_free_slot()) {
      ++full;
      continue;
    }
    full = 0;
    send_on(connection, schedule_->next_ns());
    schedule_->advance();
  }
}

void Generator::send_on(Connection& connection, uint64_t intended_ns) {
  if (phase_ == Phase::kWindow && intended_ns >= window_start_ns_) ++window_sent_;
  const CorpusEntry& entry = corpus_.entries[next_entry_];
  if (++next_entry_ == corpus_.entries.size()) next_entry_ = 0;
  connection.submit({&entry, intended_ns, next_key_}, now_ns_);
  if (++next_key_ >= options_.keys) next_key_ = 0;
}

void Generator::on_arrival() {
  now_ns_ = monotonic_ns();
}

void Generator::on_finished(Connection& connection, const Slot& slot) {
  if (slot.passed_over) {
    ++tally_.passed_over;
    passed_over_.push_back(slot.request);
    return;
  }
  const bool right = judge(slot, corpus_, rule_, now_ns_, tally_);
  if (phase_ != Phase::kWarmUp) count_in_window(slot, right);
  if (!schedule_ && connection.has_free_slot() && may_send()) send_on(connection, now_ns_);
}

void Generator::count_in_window(const Slot& slot, bool right) {
  const uint64_t intended_ns = slot.request.intended_ns;
  const uint64_t latency_ns = now_ns_ - intended_ns;
  if (phase_ == Phase::kWindow) {
    ++tally_.completed;
    const size_t second = (now_ns_ - window_start_ns_) / kSecond;
    if (tally_.seconds.size() <= second) tally_.seconds.resize(second + 1);
    ++tally_.seconds[second].completed;
    tally_.seconds[second].max_ns = std::max(tally_.seconds[second].max_ns, latency_ns);
  }
  const bool before_end = phase_ == Phase::kWindow || intended_ns < window_end_ns_;
  if (intended_ns < window_start_ns_ || !before_end) return;
  ++tally_.requests;
  if (!right) return;
  ++tally_.ok;
  tally_.latency.update(latency_ns);
  if (schedule_) tally_.lateness.update(slot.sent_ns - intended_ns);
}

}  // namespace tiltyard::load
