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
  explicit WorkerPool(const EngineOptions& options);
  ~WorkerPool();
  void start();
  // Ends the threads and frees the jobs that are still queued; no io thread runs any more.
  void stop();
  bool empty() const { return workers_max_ == 0; }
  // Whether the process may use more cores than its io threads fill.
  bool has_cores() const { return has_cores_; }
  // One a worker; 0 until it has started.
  std::vector<int> thread_ids() const;

  // Takes the job, or leaves it with the caller when its version's queue is full.
  [[nodiscard]] bool try_submit(Job* job);

 private:
  using Turn = std::shared_ptr<ServedVersion>;
  void work(uint32_t index);
  void call_worker(const Turn& served);

  const uint32_t workers_max_;
  const uint32_t first_slot_;
  const bool has_cores_;
  MpmcQueue<Turn> turns_;   // versions that a worker should look at
  sem_t due_;               // one post a turn
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
  std::vector<std::atomic<int>> thread_ids_;
};

}  // namespace tiltyard
