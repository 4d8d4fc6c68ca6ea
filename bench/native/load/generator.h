// The load: keeps requests in flight over all connections of a run and counts what comes back.
//
// One thread, one epoll. Closed loop: each reply makes room for the next request. Open loop:
// requests leave at the times of a schedule, and one that finds no free stream waits, with its
// latency running from the moment it was meant to leave.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/connection.h"
#include "load/options.h"
#include "load/schedule.h"
#include "load/tally.h"

namespace tiltyard::load {

class Generator final : public Connection::Listener {
 public:
  Generator(const Options& options, const Target& target, Corpus& corpus);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // The returned sentence is empty when the run took place, whatever the replies were.
  std::string run();

  const Tally& tally() const { return tally_; }
  const WindowCost& cost() const { return cost_; }

  // The listener's side.
  void on_arrival() override;
  void on_finished(Connection& connection, const Slot& slot) override;

 private:
  enum class Phase { kWarmUp, kWindow, kDrain };

  std::string open_connections();
  std::string reopen(Connection& connection);
  void watch(Connection& connection, bool first);
  void advance_phase();
  void open_window();
  void close_window();
  void cycle();
  void wait_for_events();
  void send_what_is_due();
  void send_again();
  void send_on(Connection& connection, uint64_t intended_ns);
  bool may_send() const;
  bool finished() const;
  int64_t wait_ns() const;
  std::string mend_connections();
  void count_in_window(const Slot& slot, bool right);

  const Options& options_;
  const ReplyRule rule_;
  const Target& target_;
  Corpus& corpus_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::optional<Schedule> schedule_;
  std::vector<Request> passed_over_;
  size_t next_entry_ = 0;
  uint64_t next_key_ = 0;
  size_t next_connection_ = 0;

  Phase phase_ = Phase::kWarmUp;
  uint64_t now_ns_ = 0;
  uint64_t window_start_ns_ = 0;
  uint64_t window_end_ns_ = 0;  // 0 until it is known
  uint64_t drain_until_ns_ = 0;
  uint64_t window_sent_ = 0;
  Tally tally_;
  WindowCost cost_;
};

}  // namespace tiltyard::load
