// Records from one producing thread to the one reader, by the block.
//
// Two rings of blocks: `free` brings empty ones from the reader, `open` takes each to it as soon as
// the producer has begun to fill it. A RecordBurst is the producer's only way in. It is wait-free:
// a bounded number of steps, no lock, no allocation; without a free block the record is the
// caller's to drop and count.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "ring/record_block.h"
#include "ring/spsc_ring.h"

namespace tiltyard {

class RecordRing {
 public:
  // There are at most `blocks_max` blocks in the pool.
  explicit RecordRing(size_t blocks_max);

  // ---- the reader's

  // Lends the block to the producer, empty.
  void lend(RecordBlock* block, uint64_t lease);
  // The next block that the producer has opened; null: none.
  RecordBlock* take_opened();
  // Whether the producer is in no burst. Then it writes into no block that was taken back before:
  // it will see that first.
  [[nodiscard]] bool is_quiet() {
    // Reads by writing, as does the beginning of a burst: of the two the later one's thread sees
    // what the other did before its own.
    return burst_count_.fetch_add(0, std::memory_order_acq_rel) % 2 == 0;
  }

  // ---- any thread's
  size_t free_blocks() const { return free_.size(); }
  // Records that found no free block.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  friend class RecordBurst;
  [[nodiscard]] bool open_next(OpenBlock& open, uint64_t plane, uint32_t stride);

  SpscRing<RecordBlock*> free_;
  SpscRing<RecordBlock*> opened_;
  // Odd while a burst lasts. The producer's line, but for the reader's is_quiet().
  alignas(kCacheLineBytes) std::atomic<uint64_t> burst_count_{0};
  std::atomic<uint64_t> dropped_{0};
};

// The records of one request and one plane, from the constructor to the destructor, when the reader
// may see them. The producer's; one at a time. `open` is what the thread has of that plane.
class RecordBurst {
 public:
  // `stride` divides by 8, and is at most RecordBlock::kRecordsBytes.
  RecordBurst(RecordRing& ring, OpenBlock& open, uint64_t plane, uint32_t stride)
      : ring_(ring),
        open_(open),
        plane_(plane),
        stride_(stride),
        count_(ring.burst_count_.fetch_add(1, std::memory_order_acq_rel)) {
    // Relaxed: see is_quiet() for why a block that was taken back for good is seen to be.
    if (open.block != nullptr && open.block->lease.load(std::memory_order_relaxed) != open.lease) {
      open.block = nullptr;
    }
  }
  RecordBurst(const RecordBurst&) = delete;
  ~RecordBurst() {
    if (open_.block != nullptr) publish();
    // Nobody else changes the count, so a store is enough. What this burst wrote comes before it.
    ring_.burst_count_.store(count_ + 2, std::memory_order_release);
  }

  // Where the next record goes; null: it is dropped, because no block is free.
  std::byte* next() {
    if (open_.block == nullptr || open_.written == open_.block->capacity) {
      if (!ring_.open_next(open_, plane_, stride_)) return nullptr;
    }
    return open_.block->records + size_t{open_.written++} * stride_;
  }

 private:
  // A full block is closed at once, so that the reader need not wait for the next record.
  void publish() {
    const bool is_full = open_.written == open_.block->capacity;
    open_.block->state.store(open_.written | (is_full ? RecordBlock::kClosed : 0),
                             std::memory_order_release);
    if (is_full) open_.block = nullptr;
  }

  RecordRing& ring_;
  OpenBlock& open_;
  const uint64_t plane_;
  const uint32_t stride_;
  const uint64_t count_;
};

}  // namespace tiltyard
