#include "engine/shadow_pool.h"

#include <chrono>
#include <string>

#include "base/thread_class.h"
#include "engine/shadow_worker.h"

namespace tiltyard {
namespace {

// How long a thread that was woken gathers: a group of many costs less, and a wake-up costs the io
// thread a system call.
constexpr auto kGather = std::chrono::milliseconds(1);

}  // namespace

ShadowPool::ShadowPool(const EngineOptions& options, RecordPool& records)
    : threads_max_(options.shadow_threads),
      first_slot_(options.io_threads + options.worker_threads),
      records_(records),
      items_(options.io_threads) {}

ShadowPool::~ShadowPool() {
  stop();
}

void ShadowPool::start() {
  for (uint32_t i = 0; i < threads_max_; ++i) {
    threads_.emplace_back([this, i] { work(i); });
  }
}

void ShadowPool::stop() {
  if (stopping_.exchange(true, std::memory_order_seq_cst)) return;
  wakes_.fetch_add(1, std::memory_order_seq_cst);
  wakes_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  const std::lock_guard lock(mutex_);
  for (const std::weak_ptr<Shadow>& adopted : adopted_) {
    const std::shared_ptr<Shadow> shadow = adopted.lock();
    ShadowItem* item = nullptr;
    while (shadow != nullptr && shadow->queue.try_pop(item)) {
      shadow->runs(0).expired.add();  // the thread that counts there has ended
      items_.give_back(item);
    }
  }
}

void ShadowPool::adopt(const std::shared_ptr<Shadow>& shadow) {
  const std::lock_guard lock(mutex_);
  std::erase_if(adopted_, [](const std::weak_ptr<Shadow>& adopted) { return adopted.expired(); });
  adopted_.push_back(shadow);
  // Under the lock: says only that it is worth taking.
  adoptions_.fetch_add(1, std::memory_order_relaxed);
}

bool ShadowPool::offer(Shadow& shadow, std::unique_ptr<ShadowItem> item) {
  if (stopping_.load(std::memory_order_relaxed)) {
    shadow.drop(item->home, ShadowDrop::shutdown);
  } else if (threads_max_ == 0) {
    shadow.drop(item->home, ShadowDrop::not_ready);
  } else if (shadow.try_push(item->home, item.get())) {
    item.release();
    return true;
  }
  items_.keep(std::move(item));
  return false;
}

void ShadowPool::wake() {
  wakes_.fetch_add(1, std::memory_order_seq_cst);
  wakes_.notify_one();
}

// Whether there was anything to do.
bool ShadowPool::go_round(ShadowWorker& worker, const Adopted& shadows) {
  bool has_run = false;
  for (const std::weak_ptr<Shadow>& adopted : shadows) {
    if (stopping_.load(std::memory_order_relaxed)) return false;
    std::shared_ptr<Shadow> shadow = adopted.lock();
    if (shadow == nullptr || !worker.take_group(shadow)) continue;
    if (threads_max_ > 1 && shadow->queue.size() > 0) wake();  // there is enough for another
    shadow = nullptr;  // the worker holds it, perhaps as the last who does
    worker.run_group();
    has_run = true;
  }
  return has_run;
}

void ShadowPool::work(uint32_t index) {
  enter_thread_class(ThreadClass::idle, "shadow-" + std::to_string(index));
  ShadowWorker worker(items_, records_, index, first_slot_ + index);
  Adopted shadows;
  uint64_t adoptions_seen = 0;
  while (!stopping_.load(std::memory_order_seq_cst)) {
    // First of all: a wake that is not seen here, with what came before it, ends the wait below.
    const uint32_t wakes_seen = wakes_.load(std::memory_order_seq_cst);
    if (adoptions_.load(std::memory_order_relaxed) != adoptions_seen) {
      const std::lock_guard lock(mutex_);
      shadows = adopted_;
      adoptions_seen = adoptions_.load(std::memory_order_relaxed);
    }
    if (go_round(worker, shadows) || stopping_.load(std::memory_order_seq_cst)) continue;
    wakes_.wait(wakes_seen, std::memory_order_seq_cst);
    std::this_thread::sleep_for(kGather);
  }
}

}  // namespace tiltyard
