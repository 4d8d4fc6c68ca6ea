// All record blocks and the rings they go through, one a producing thread.
//
// Made with the engine and empty; the reader allocates blocks as they are needed, up to the limit,
// and never frees one before the pool dies, so that a view that was kept too long reads old bytes
// and never freed memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ring/record_ring.h"

namespace tiltyard {

class RecordPool {
 public:
  // Threads are numbered as the thread slots of versions are.
  RecordPool(uint32_t threads, uint64_t bytes_max);

  uint32_t threads() const { return static_cast<uint32_t>(rings_.size()); }
  RecordRing& ring(uint32_t thread) { return *rings_[thread]; }
  size_t blocks_max() const { return blocks_max_; }

  // True once: whoever asked first is the reader.
  [[nodiscard]] bool claim() { return !is_claimed_.exchange(true, std::memory_order_acq_rel); }

  // ---- the reader's
  // A block that is lent to nobody; null: all that the limit allows are in use.
  RecordBlock* take_spare();
  void give_back(RecordBlock* block);
  uint64_t next_lease() { return ++last_lease_; }

  // ---- any thread's: for who watches
  uint64_t blocks() const { return block_count_.load(std::memory_order_relaxed); }
  // Lent to nobody, or waiting to be filled.
  uint64_t blocks_free() const;
  uint64_t bytes() const { return blocks() * kRecordBlockBytes; }
  uint64_t records_dropped() const;

 private:
  const size_t blocks_max_;
  std::vector<std::unique_ptr<RecordRing>> rings_;
  std::atomic<bool> is_claimed_{false};
  std::vector<std::unique_ptr<RecordBlock>> blocks_;
  std::vector<RecordBlock*> spare_;
  uint64_t last_lease_ = 0;
  std::atomic<uint64_t> block_count_{0};  // of both vectors, for others; relaxed
  std::atomic<uint64_t> spare_count_{0};
};

}  // namespace tiltyard
