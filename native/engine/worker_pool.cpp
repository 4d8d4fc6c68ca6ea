#include "engine/worker_pool.h"

#include <cerrno>
#include <string>

#include "base/assert.h"
#include "base/clock.h"
#include "base/thread_class.h"
#include "engine/worker.h"

namespace tiltyard {
namespace {

// A turn is queued at most workers_max times for each version in service.
constexpr size_t kTurnsMax = 1u << 16;

}  // namespace

WorkerPool::WorkerPool(const EngineOptions& options)
    : workers_max_(options.worker_threads),
      first_slot_(options.io_threads),
      has_cores_(usable_cores() > options.io_threads),
      turns_(kTurnsMax),
      thread_ids_(options.worker_threads) {
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

std::vector<int> WorkerPool::thread_ids() const {
  std::vector<int> ids;
  for (const std::atomic<int>& id : thread_ids_) ids.push_back(id.load(std::memory_order_relaxed));
  return ids;
}

bool WorkerPool::try_submit(Job* job) {
  // After the push the job belongs to a worker, which may finish it at once.
  const Turn served = job->served;
  if (!served->queue.try_push(job)) return false;
  call_worker(served);
  return true;
}

// Sees to it that a worker comes, unless as many as there are have been called already.
void WorkerPool::call_worker(const Turn& served) {
  uint32_t called = served->workers_called.load(std::memory_order_seq_cst);
  do {
    if (called >= workers_max_) return;
  } while (
      !served->workers_called.compare_exchange_weak(called, called + 1, std::memory_order_seq_cst));
  Turn turn = served;
  TILTYARD_ASSERT(turns_.try_push(turn), "there is room for a turn of every worker and version");
  sem_post(&due_);
}

void WorkerPool::work(uint32_t index) {
  enter_thread_class(ThreadClass::worker, "worker-" + std::to_string(index));
  thread_ids_[index].store(current_thread_id(), std::memory_order_relaxed);
  Worker worker(first_slot_ + index);
  for (;;) {
    while (sem_wait(&due_) != 0 && errno == EINTR) {
    }
    if (stopping_.load(std::memory_order_seq_cst)) return;
    Turn served;
    // The push came before the post, but another worker may still be about to fill its cell.
    while (!turns_.try_pop(served)) cpu_relax();
    if (!worker.take_group(*served)) {
      served->workers_called.fetch_sub(1, std::memory_order_seq_cst);
      // A job that was pushed meanwhile may have found all workers called: look once more.
      if (served->queue.size() > 0) call_worker(served);
      continue;
    }
    // Others' turns come first; more of this version's jobs wait for the end of the line.
    Turn again = served;
    TILTYARD_ASSERT(turns_.try_push(again), "there is room for a turn of every worker and version");
    sem_post(&due_);
    worker.run_group();
  }
}

}  // namespace tiltyard
