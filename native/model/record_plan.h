// What is recorded of a version: the layout of its records, and the planes they belong to.
//
// Made by a control thread, set on a live version and replaced at any time. Immutable but for its
// lanes, each of which only one thread writes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/limits.h"
#include "infer/record_layout.h"
#include "ring/record_block.h"
#include "stats/counters.h"

namespace tiltyard {

// Whose answers a record tells of. `shadowed` is what the champion has answered to the very
// requests that the version, a shadow, has been compared on.
enum class RecordPlane : uint8_t { champion, canary, shadow, shadowed };
inline constexpr size_t kRecordPlanes = 4;

const char* record_plane_name(RecordPlane plane);

// Rows of one plane. offered = those in its records + dropped.
struct RecordCounts {
  uint64_t offered = 0;
  uint64_t dropped = 0;
};

class RecordPlan {
 public:
  // `plane_ids` are numbers that no other plan has, ever, and not 0.
  RecordPlan(RecordLayout layout, const std::array<uint64_t, kRecordPlanes>& plane_ids,
             uint32_t thread_slots);

  // What one thread has of one plane.
  struct alignas(kCacheLineBytes) Lane {
    OpenBlock open;  // the thread's alone
    Counter offered, dropped;
  };

  const RecordLayout& layout() const { return layout_; }
  uint64_t plane_id(RecordPlane plane) const { return plane_ids_[static_cast<size_t>(plane)]; }
  Lane& lane(uint32_t slot, RecordPlane plane) const {
    return lanes_[slot * kRecordPlanes + static_cast<size_t>(plane)];
  }
  // Summed over threads.
  RecordCounts counts(RecordPlane plane) const;

 private:
  const RecordLayout layout_;
  const std::array<uint64_t, kRecordPlanes> plane_ids_;
  const uint32_t thread_slots_;
  const std::unique_ptr<Lane[]> lanes_;
};

}  // namespace tiltyard
