// Bytes charged against a budget that all threads share; given back when the charge ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace tiltyard {

// The bytes of requests that are held in memory of the gateway's own, over all connections.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  uint64_t bytes_max() const { return bytes_max_; }
  uint64_t in_use() const { return in_use_.load(std::memory_order_relaxed); }

 private:
  friend class Charge;
  const uint64_t bytes_max_;
  std::atomic<uint64_t> in_use_{0};
};

class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge() { release(); }

  // Makes the charge `bytes`. False, and nothing changed, when the budget does not hold that.
  [[nodiscard]] bool try_set(ByteBudget& budget, uint64_t bytes) {
    if (bytes == bytes_) return true;
    budget_ = &budget;
    if (bytes < bytes_) {
      budget.in_use_.fetch_sub(bytes_ - bytes, std::memory_order_relaxed);
    } else {
      const uint64_t more = bytes - bytes_;
      if (budget.in_use_.fetch_add(more, std::memory_order_relaxed) + more > budget.bytes_max_) {
        budget.in_use_.fetch_sub(more, std::memory_order_relaxed);
        return false;
      }
    }
    bytes_ = bytes;
    return true;
  }

  void release() {
    if (bytes_ > 0) budget_->in_use_.fetch_sub(bytes_, std::memory_order_relaxed);
    bytes_ = 0;
  }

 private:
  ByteBudget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace tiltyard
