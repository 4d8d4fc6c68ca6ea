// Calls that Python answers: statistics and reflection. Bytes go out, bytes come back.
//
// io threads submit without waiting; Python threads wait in take() with the GIL released. Jobs that
// are with Python are kept here by id until they are finished, failed, or the engine stops. After
// that Python's threads may still come, and find nothing.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "engine/job.h"
#include "ring/mpmc_queue.h"

namespace tiltyard {

class SlowPath {
 public:
  explicit SlowPath(uint32_t items_max);
  ~SlowPath();

  size_t items_max() const { return queue_.capacity(); }
  // The io thread's. Leaves the job with the caller when the queue is full.
  [[nodiscard]] bool try_submit(Job* job);

  struct Taken {
    uint64_t id = 0;  // 0: none came
    BytesView path;   // of the method table
    Bytes message;
  };
  // Python's: waits up to `timeout_ms`; after end() not at all.
  Taken take(uint32_t timeout_ms);
  // No job is handed out any more; whoever waits in take() returns. From any thread. Idempotent.
  void end();
  bool has_ended() const { return ended_.load(std::memory_order_acquire); }
  // Sends the answer home. False: there is no such job with Python.
  [[nodiscard]] bool finish(uint64_t id, BytesView reply);
  [[nodiscard]] bool fail(uint64_t id, Status status);

  // After the io threads have ended: frees what is still here.
  void clear();

 private:
  Job* pop();
  Job* claim(uint64_t id);

  MpmcQueue<Job*> queue_;
  sem_t due_;  // one post a job, and one for the end
  std::atomic<bool> ended_{false};
  std::mutex mutex_;  // Python's threads only; io threads never take it
  bool is_clear_ = false;
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, Job*> with_python_;
};

}  // namespace tiltyard
