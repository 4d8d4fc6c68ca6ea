// The threads that run shadows, at the lowest priority.
//
// io threads offer items without ever waiting, and wake a thread at most once a cycle. A thread
// that was woken gathers for a moment what comes in, and then goes round all shadows, a group each,
// until none has anything; so a busy io thread seldom has to wake it. What is still queued at the
// end is counted as expired and freed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/shadow_items.h"
#include "engine/shared.h"
#include "route/shadow.h"

namespace tiltyard {

class ShadowWorker;

class ShadowPool {
 public:
  // Shadow thread i uses slot io_threads + worker_threads + i of each version.
  // `records` outlives the pool.
  ShadowPool(const EngineOptions& options, RecordPool& records);
  ~ShadowPool();
  void start();
  // Ends the threads, after the run each is at; no io thread runs any more.
  void stop();

  // The control plane's: from now on threads look after this shadow, for as long as others hold it.
  // Before anything is offered to it.
  void adopt(const std::shared_ptr<Shadow>& shadow);

  // Items to offer, by the io thread that offers them.
  ShadowItems& items() { return items_; }
  // Queues the item, or drops it and counts why. True: it is queued, and wake() is due when the
  // cycle ends. The io thread's that made the item.
  [[nodiscard]] bool offer(Shadow& shadow, std::unique_ptr<ShadowItem> item);
  void wake();

 private:
  using Adopted = std::vector<std::weak_ptr<Shadow>>;

  void work(uint32_t index);
  bool go_round(ShadowWorker& worker, const Adopted& shadows);

  const uint32_t threads_max_;
  const uint32_t first_slot_;
  RecordPool& records_;
  ShadowItems items_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // control and shadow threads; no io thread takes it
  Adopted adopted_;
  std::atomic<uint64_t> adoptions_{0};
  alignas(kCacheLineBytes) std::atomic<uint32_t> wakes_{0};  // threads sleep until it changes
  std::vector<std::thread> threads_;
};

}  // namespace tiltyard
