// A wait-free ring of fixed-size records from one producing thread to one consuming thread.
//
// Each side keeps a copy of the other's index and looks at the real one only when the copy says
// full or empty, so that the two cache lines travel once a lap and not once a record. A full ring
// drops: try_push says false, the caller counts. The consumer works in place on what is contiguous.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "base/assert.h"
#include "base/limits.h"

namespace tiltyard {

template <typename Record>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<Record>, "records are copied as bytes");

 public:
  // `capacity` must be a power of two.
  explicit SpscRing(size_t capacity)
      : mask_(capacity - 1), records_(std::make_unique<Record[]>(capacity)) {
    TILTYARD_ASSERT(std::has_single_bit(capacity), "the ring's capacity is a power of two");
  }

  size_t capacity() const { return mask_ + 1; }

  // How many are inside; exact while nobody pushes or pops. Any thread's.
  size_t size() const {
    const size_t read = read_index_.load(std::memory_order_acquire);
    return write_index_.load(std::memory_order_acquire) - read;
  }

  // The producer's.
  [[nodiscard]] bool try_push(const Record& record) {
    const size_t write = write_index_.load(std::memory_order_relaxed);
    if (write - read_index_seen_ > mask_) {
      read_index_seen_ = read_index_.load(std::memory_order_acquire);
      if (write - read_index_seen_ > mask_) return false;
    }
    records_[write & mask_] = record;
    write_index_.store(write + 1, std::memory_order_release);
    return true;
  }

  // The consumer's: the records that lie contiguous at the front, in place; empty when there are
  // none.
  std::span<const Record> front() {
    const size_t read = read_index_.load(std::memory_order_relaxed);
    if (write_index_seen_ == read) write_index_seen_ = write_index_.load(std::memory_order_acquire);
    const size_t ready = write_index_seen_ - read;
    const size_t until_end = capacity() - (read & mask_);
    return {&records_[read & mask_], ready < until_end ? ready : until_end};
  }

  // The consumer's: gives back the first `count` of what front() showed.
  void pop(size_t count) {
    const size_t read = read_index_.load(std::memory_order_relaxed);
    TILTYARD_ASSERT(count <= write_index_seen_ - read, "no more is popped than front() showed");
    read_index_.store(read + count, std::memory_order_release);
  }

 private:
  const size_t mask_;
  const std::unique_ptr<Record[]> records_;
  alignas(kCacheLineBytes) std::atomic<size_t> write_index_{0};
  size_t read_index_seen_ = 0;  // the producer's copy
  alignas(kCacheLineBytes) std::atomic<size_t> read_index_{0};
  size_t write_index_seen_ = 0;  // the consumer's copy
  char padding_[kCacheLineBytes - sizeof(size_t) * 2];
};

}  // namespace tiltyard
