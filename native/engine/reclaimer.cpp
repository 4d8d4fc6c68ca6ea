#include "engine/reclaimer.h"

#include <chrono>

#include "base/thread_class.h"

namespace tiltyard {
namespace {

// Readers pass within a cycle or sleep; a worker may hold a version longer.
constexpr auto kLookAgain = std::chrono::milliseconds(5);
// Who buries takes no lock, so its word can come just before the wait; this is the net below.
constexpr auto kLookForBuried = std::chrono::seconds(1);

}  // namespace

void Reclaimer::start() {
  thread_ = std::thread([this] { run(); });
}

void Reclaimer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  graveyard_->close();
  if (thread_.joinable()) thread_.join();
  graveyard_->free_buried();
}

uint64_t Reclaimer::publish(std::unique_ptr<const RouteTable> table) {
  const std::lock_guard lock(mutex_);
  const uint64_t epoch = routes_.publish(std::move(table));
  arms_.follow(routes_.current());
  changed_.notify_all();
  return epoch;
}

size_t Reclaimer::retired() {
  const std::lock_guard lock(mutex_);
  return routes_.retired();
}

void Reclaimer::run() {
  enter_thread_class(ThreadClass::idle, "reclaimer");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    graveyard_->free_buried();
    lock.lock();
    if (stopping_) break;
    if (routes_.retired() == 0) {
      changed_.wait_for(lock, kLookForBuried);
      continue;
    }
    auto freed = routes_.take_passed();
    if (freed.empty()) {
      changed_.wait_for(lock, kLookAgain);
      continue;
    }
    lock.unlock();
    freed.clear();
    lock.lock();
  }
}

}  // namespace tiltyard
