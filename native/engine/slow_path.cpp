#include "engine/slow_path.h"

#include <time.h>

#include <cerrno>

#include "base/assert.h"
#include "base/clock.h"
#include "engine/io_thread.h"
#include "grpc/compression.h"

namespace tiltyard {
namespace {

timespec time_in(uint32_t timeout_ms) {
  timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_sec += timeout_ms / 1000;
  at.tv_nsec += static_cast<long>(timeout_ms % 1000) * 1'000'000;
  if (at.tv_nsec >= 1'000'000'000) {
    at.tv_nsec -= 1'000'000'000;
    ++at.tv_sec;
  }
  return at;
}

}  // namespace

SlowPath::SlowPath(uint32_t items_max) : queue_(items_max) {
  TILTYARD_ASSERT(sem_init(&due_, 0, 0) == 0, "a semaphore can be made");
}

SlowPath::~SlowPath() {
  clear();
  sem_destroy(&due_);
}

bool SlowPath::try_submit(Job* job) {
  if (!queue_.try_push(job)) return false;
  sem_post(&due_);
  return true;
}

SlowPath::Taken SlowPath::take(uint32_t timeout_ms) {
  const timespec until = time_in(timeout_ms);
  while (sem_clockwait(&due_, CLOCK_MONOTONIC, &until) != 0) {
    if (errno != EINTR) return {};
  }
  Job* const job = pop();
  if (job == nullptr) return {};
  if (job->cancelled.load(std::memory_order_relaxed)) {
    job->status = make_error(Error::cancelled);
    job->home->take_home(job);
    return {};
  }
  const std::lock_guard lock(mutex_);
  if (is_clear_) {  // nobody is at home any more
    delete job;
    return {};
  }
  const uint64_t id = next_id_++;
  with_python_.emplace(id, job);
  return {id, job->method_path, std::move(job->message.owned)};
}

// The job that a post announced: it was pushed before, but another io thread may still be about to
// fill the cell before it.
Job* SlowPath::pop() {
  Job* job = nullptr;
  for (;;) {
    if (has_ended()) {
      sem_post(&due_);  // for the next who waits
      return nullptr;
    }
    if (queue_.try_pop(job)) return job;
    cpu_relax();
  }
}

void SlowPath::end() {
  ended_.store(true, std::memory_order_release);
  sem_post(&due_);
}

Job* SlowPath::claim(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = with_python_.find(id);
  if (found == with_python_.end()) return nullptr;
  Job* job = found->second;
  with_python_.erase(found);
  return job;
}

bool SlowPath::finish(uint64_t id, BytesView reply) {
  Job* job = claim(id);
  if (job == nullptr) return false;
  const size_t begin = begin_frame(job->framed);
  if (job->reply_gzip) {
    append_gzip(reply, job->framed);
  } else {
    job->framed.append(reply);
  }
  finish_frame(job->framed, begin, job->reply_gzip);
  job->home->take_home(job);
  return true;
}

bool SlowPath::fail(uint64_t id, Status status) {
  Job* job = claim(id);
  if (job == nullptr) return false;
  job->status = std::move(status);
  job->home->take_home(job);
  return true;
}

void SlowPath::clear() {
  end();
  const std::lock_guard lock(mutex_);
  is_clear_ = true;
  for (const auto& [id, job] : with_python_) delete job;
  with_python_.clear();
  Job* job = nullptr;
  while (queue_.try_pop(job)) delete job;
}

}  // namespace tiltyard
