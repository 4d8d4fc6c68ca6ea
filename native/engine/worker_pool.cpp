#include "engine/worker_pool.h"

#include <sched.h>

#include <cerrno>
#include <string>

#include "base/assert.h"
#include "base/clock.h"
#include "base/thread_class.h"
#include "engine/worker.h"

namespace tiltyard {
namespace {

// Each io thread may be about to queue a turn, and each worker to queue again the one it holds.
constexpr size_t kTurnsRoomMin = 2 * kThreadSlotsMax;

}  // namespace

WorkerPool::WorkerPool(const EngineOptions& options, RecordPool& records, size_t turns_max)
    : workers_max_(options.worker_threads),
      first_slot_(options.io_threads),
      has_cores_(options.cores > options.io_threads),
      records_(records),
      turns_(turns_max) {
  TILTYARD_ASSERT(sem_init(&due_, 0, 0) == 0, "a semaphore can be made");
}

WorkerPool::~WorkerPool() {
  stop();
  sem_destroy(&due_);
}

void WorkerPool::start() {
  for (uint32_t i = 0; i < workers_max_; ++i) {
    threads_.emplace_back([this, i] { work(i); });
  }
}

void WorkerPool::stop() {
  if (stopping_.exchange(true)) return;
  for (size_t i = 0; i < threads_.size(); ++i) sem_post(&due_);
  for (std::thread& thread : threads_) thread.join();
  // Every version with jobs left has a turn left: this is how they are found and freed.
  Turn served;
  while (turns_.try_pop(served)) {
    Job* job = nullptr;
    while (served->queue.try_pop(job)) delete job;
  }
}

bool WorkerPool::has_room() const {
  return turns_.size() + kTurnsRoomMin <= turns_.capacity();
}

bool WorkerPool::try_submit(Job* job) {
  if (!has_room()) return false;
  // After the push the job belongs to a worker, which may finish it at once.
  const Turn served = job->served;
  if (!served->queue.try_push(job)) return false;
  call_worker(served);
  return true;
}

// Sees to it that a worker comes, unless as many as there are have been called already.
void WorkerPool::call_worker(const Turn& served) {
  // Reads by writing: a worker that leaves writes the same variable before it looks into the queue
  // once more, so of the two writes the later one's thread sees what the other did before its own.
  std::atomic<uint32_t>& workers_called = served->workers_called;
  uint32_t called = workers_called.fetch_add(0, std::memory_order_acq_rel);
  while (called < workers_max_ &&
         !workers_called.compare_exchange_weak(called, called + 1, std::memory_order_acq_rel)) {
    called = workers_called.fetch_add(0, std::memory_order_acq_rel);
  }
  if (called >= workers_max_) return;
  push_turn(served);
}

// has_room() has left room for a turn of every thread, so a push fails only where a worker was
// stopped between claiming a cell and giving it back for as long as all other cells took their
// turn. Its next microsecond of time ends that.
void WorkerPool::push_turn(Turn turn) {
  while (!turns_.try_push(turn)) sched_yield();
  sem_post(&due_);
}

void WorkerPool::work(uint32_t index) {
  enter_thread_class(ThreadClass::worker, "worker-" + std::to_string(index));
  Worker worker(records_, first_slot_ + index);
  for (;;) {
    while (sem_wait(&due_) != 0 && errno == EINTR) {
    }
    if (stopping_.load(std::memory_order_seq_cst)) return;
    Turn served;
    // The push came before the post, but another worker may still be about to fill its cell.
    while (!turns_.try_pop(served)) cpu_relax();
    if (!worker.take_group(*served)) {
      served->workers_called.fetch_sub(1, std::memory_order_acq_rel);
      // A job that was pushed meanwhile may have found all workers called: look once more.
      if (served->queue.size() > 0) call_worker(served);
      continue;
    }
    // Others' turns come first; more of this version's jobs wait for the end of the line.
    push_turn(served);
    busy_.fetch_add(1, std::memory_order_relaxed);
    worker.run_group();
    busy_.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace tiltyard
