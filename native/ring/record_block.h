// A block of records of one plane: one thread fills it, the reader reads it in place meanwhile.
//
// Blocks belong to the RecordPool and live as long as it does. A block is lent to one thread at a
// time; the lease says whether it still is, so that who kept the address of a block that was taken
// back never writes into it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/limits.h"

namespace tiltyard {

struct alignas(kCacheLineBytes) RecordBlock {
  static constexpr size_t kHeadBytes = 2 * kCacheLineBytes;
  static constexpr size_t kRecordsBytes = kRecordBlockBytes - kHeadBytes;
  static constexpr uint32_t kClosed = 1u << 31;  // in `state`

  // The reader's line. A number of no other loan; 0: taken back.
  std::atomic<uint64_t> lease{0};

  // The producer's line. `state` is how many records are written, and whether no more will come.
  alignas(kCacheLineBytes) std::atomic<uint32_t> state{0};
  uint32_t stride = 0;    // bytes of a record
  uint32_t capacity = 0;  // records
  uint64_t plane = 0;

  alignas(kCacheLineBytes) std::byte records[kRecordsBytes];
};
static_assert(sizeof(RecordBlock) == kRecordBlockBytes);

// The block that a thread fills for a plane. The thread's alone; empty where it has none.
struct OpenBlock {
  RecordBlock* block = nullptr;
  uint64_t lease = 0;  // of the loan by which the thread had it
  uint32_t written = 0;
};

}  // namespace tiltyard
