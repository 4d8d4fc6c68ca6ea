// A counter that one thread writes and any thread may read: relaxed, no read-modify-write.
#pragma once

#include <atomic>
#include <cstdint>

namespace tiltyard {

class Counter {
 public:
  void add(uint64_t n = 1) {
    // One writer: a plain load and store is enough, and cheaper than a locked add.
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace tiltyard
