#include "ring/record_ring.h"

#include <bit>
#include <span>

#include "base/assert.h"

namespace tiltyard {

RecordRing::RecordRing(size_t blocks_max)
    : free_(std::bit_ceil(blocks_max)), opened_(std::bit_ceil(blocks_max)) {}

void RecordRing::lend(RecordBlock* block, uint64_t lease) {
  // Nobody uses the block: the push below shows both to the producer.
  block->state.store(0, std::memory_order_relaxed);
  block->lease.store(lease, std::memory_order_relaxed);
  TILTYARD_ASSERT(free_.try_push(block), "a ring has room for every block of the pool");
}

RecordBlock* RecordRing::take_opened() {
  const std::span<RecordBlock* const> front = opened_.front();
  if (front.empty()) return nullptr;
  RecordBlock* const block = front[0];
  opened_.pop(1);
  return block;
}

bool RecordRing::open_next(OpenBlock& open, uint64_t plane, uint32_t stride) {
  if (open.block != nullptr) {
    open.block->state.store(open.written | RecordBlock::kClosed, std::memory_order_release);
    open.block = nullptr;
  }
  const std::span<RecordBlock* const> front = free_.front();
  if (front.empty()) {
    // One writer: a plain load and store is enough.
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  RecordBlock* const block = front[0];
  free_.pop(1);
  block->plane = plane;
  block->stride = stride;
  block->capacity = static_cast<uint32_t>(RecordBlock::kRecordsBytes / stride);
  // Relaxed: it came with the block.
  open = {block, block->lease.load(std::memory_order_relaxed), 0};
  TILTYARD_ASSERT(opened_.try_push(block), "a ring has room for every block of the pool");
  return true;
}

}  // namespace tiltyard
