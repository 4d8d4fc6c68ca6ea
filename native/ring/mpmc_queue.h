// A bounded lock-free queue of many producers and many consumers, after D. Vyukov's design: each
// cell carries the sequence number of the turn it is ready for.
//
// try_push fails when full and leaves the item with the caller; try_pop fails when empty. A thread
// that is stopped between claiming a cell and filling it delays only those who need that very cell.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace tiltyard {

template <typename T>
class MpmcQueue {
 public:
  // The capacity is `capacity_min` rounded up to a power of two, at least 2.
  explicit MpmcQueue(size_t capacity_min)
      : mask_(std::bit_ceil(capacity_min < 2 ? size_t{2} : capacity_min) - 1),
        cells_(std::make_unique<Cell[]>(mask_ + 1)) {
    for (size_t i = 0; i <= mask_; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
  }

  size_t capacity() const { return mask_ + 1; }

  // Moves from `item` only on success.
  [[nodiscard]] bool try_push(T& item) {
    size_t at = write_index_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[at & mask_];
      const size_t turn = cell.turn.load(std::memory_order_acquire);
      const auto ahead = static_cast<intptr_t>(turn) - static_cast<intptr_t>(at);
      if (ahead < 0) return false;
      if (ahead > 0) {
        at = write_index_.load(std::memory_order_relaxed);
        continue;
      }
      if (write_index_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
        cell.item = std::move(item);
        cell.turn.store(at + 1, std::memory_order_release);
        return true;
      }
    }
  }

  [[nodiscard]] bool try_pop(T& item) {
    size_t at = read_index_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[at & mask_];
      const size_t turn = cell.turn.load(std::memory_order_acquire);
      const auto ahead = static_cast<intptr_t>(turn) - static_cast<intptr_t>(at + 1);
      if (ahead < 0) return false;
      if (ahead > 0) {
        at = read_index_.load(std::memory_order_relaxed);
        continue;
      }
      if (read_index_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
        item = std::move(cell.item);
        cell.item = T();
        cell.turn.store(at + mask_ + 1, std::memory_order_release);
        return true;
      }
    }
  }

  // How many items are inside; exact while nobody pushes or pops, else it may be fewer.
  size_t size() const {
    const size_t read = read_index_.load(std::memory_order_acquire);
    return write_index_.load(std::memory_order_acquire) - read;
  }

 private:
  struct alignas(kCacheLineBytes) Cell {
    std::atomic<size_t> turn{0};
    T item{};
  };

  const size_t mask_;
  const std::unique_ptr<Cell[]> cells_;
  alignas(kCacheLineBytes) std::atomic<size_t> write_index_{0};
  alignas(kCacheLineBytes) std::atomic<size_t> read_index_{0};
};

}  // namespace tiltyard
