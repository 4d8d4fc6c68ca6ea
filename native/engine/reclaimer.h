// The thread that frees route tables, and with them versions, that nobody uses any more.
//
// A version's session can take long to free; it happens here, at the lowest priority, and never on
// a thread that serves.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/graveyard.h"
#include "route/arm_list.h"
#include "route/route_cell.h"

namespace tiltyard {

class Reclaimer {
 public:
  explicit Reclaimer(RouteCell& routes)
      : routes_(routes),
        graveyard_(std::make_shared<Graveyard>([this] { changed_.notify_all(); })) {}
  ~Reclaimer() { stop(); }
  void start();
  void stop();

  // Makes `table` the one in force, withdraws the arms that it has not, and sees to the old one.
  // Returns the epoch. Any control thread.
  uint64_t publish(std::unique_ptr<const RouteTable> table);
  // Where versions are freed when nobody uses them any more.
  Graveyard& graveyard() { return *graveyard_; }
  // Tables that were replaced and are not freed yet.
  size_t retired();
  // Runs `visit(const RouteTable&)` on the table in force, which stays for as long as that takes.
  template <typename Visit>
  void with_table(Visit visit) {
    const std::lock_guard lock(mutex_);
    visit(routes_.current());
  }

 private:
  void run();

  RouteCell& routes_;
  ArmList arms_;
  std::mutex mutex_;  // control threads only; no io thread or worker takes it
  std::condition_variable changed_;
  bool stopping_ = false;
  std::shared_ptr<Graveyard> graveyard_;
  std::thread thread_;
};

}  // namespace tiltyard
