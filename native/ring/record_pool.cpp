#include "ring/record_pool.h"

#include <algorithm>

namespace tiltyard {

RecordPool::RecordPool(uint32_t threads, uint64_t bytes_max)
    : blocks_max_(std::max<size_t>(1, bytes_max / kRecordBlockBytes)) {
  for (uint32_t i = 0; i < threads; ++i)
    rings_.push_back(std::make_unique<RecordRing>(blocks_max_));
}

RecordBlock* RecordPool::take_spare() {
  if (spare_.empty()) {
    if (blocks_.size() == blocks_max_) return nullptr;
    // Zeroed, so that its pages are there before a thread that serves writes to them.
    blocks_.push_back(std::make_unique<RecordBlock>());
    block_count_.store(blocks_.size(), std::memory_order_relaxed);
    return blocks_.back().get();
  }
  RecordBlock* const block = spare_.back();
  spare_.pop_back();
  spare_count_.store(spare_.size(), std::memory_order_relaxed);
  return block;
}

void RecordPool::give_back(RecordBlock* block) {
  spare_.push_back(block);
  spare_count_.store(spare_.size(), std::memory_order_relaxed);
}

uint64_t RecordPool::blocks_free() const {
  uint64_t sum = spare_count_.load(std::memory_order_relaxed);
  for (const auto& ring : rings_) sum += ring->free_blocks();
  return sum;
}

uint64_t RecordPool::records_dropped() const {
  uint64_t sum = 0;
  for (const auto& ring : rings_) sum += ring->dropped();
  return sum;
}

}  // namespace tiltyard
