// The threads that run what is too slow for an io thread.
//
// Every version has a bounded queue of jobs; versions with work take turns, so that a slow model's
// queue holds up nobody else's for more than one run a worker. try_submit() never waits.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "engine/batch.h"
#include "engine/job.h"
#include "engine/shared.h"
#include "ring/mpmc_queue.h"

namespace tiltyard {

class WorkerPool {
 public:
  // Worker i uses slot io_threads + i of each version.
  // `turns_max` bounds how many versions can wait for a worker at once.
  // `records` outlives the pool.
  WorkerPool(const EngineOptions& options, RecordPool& records, size_t turns_max = kTurnsMax);
  ~WorkerPool();
  void start();
  // Ends the threads and frees the jobs that are still queued; no io thread runs any more.
  void stop();
  bool empty() const { return workers_max_ == 0; }
  // Whether no worker runs anything.
  bool idle() const { return busy_.load(std::memory_order_relaxed) == 0; }
  // Whether the process may use more cores than its io threads fill.
  bool has_cores() const { return has_cores_; }

  // Takes the job, or leaves it with the caller when its version's queue is full, or the pool's.
  [[nodiscard]] bool try_submit(Job* job);

 private:
  static constexpr size_t kTurnsMax = 1u << 16;
  using Turn = std::shared_ptr<ServedVersion>;
  bool has_room() const;
  void work(uint32_t index);
  void call_worker(const Turn& served);
  void push_turn(Turn turn);

  const uint32_t workers_max_;
  const uint32_t first_slot_;
  const bool has_cores_;
  RecordPool& records_;
  MpmcQueue<Turn> turns_;  // versions that a worker should look at
  sem_t due_;              // one post a turn
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> busy_{0};  // workers that run a group
  std::vector<std::thread> threads_;
};

}  // namespace tiltyard
