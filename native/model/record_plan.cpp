#include "model/record_plan.h"

#include <utility>

namespace tiltyard {

const char* record_plane_name(RecordPlane plane) {
  constexpr std::array<const char*, kRecordPlanes> kNames = {"champion", "canary", "shadow",
                                                             "shadowed"};
  return kNames[static_cast<size_t>(plane)];
}

RecordPlan::RecordPlan(RecordLayout layout, const std::array<uint64_t, kRecordPlanes>& plane_ids,
                       uint32_t thread_slots)
    : layout_(std::move(layout)),
      plane_ids_(plane_ids),
      thread_slots_(thread_slots),
      lanes_(std::make_unique<Lane[]>(thread_slots * kRecordPlanes)) {}

RecordCounts RecordPlan::counts(RecordPlane plane) const {
  RecordCounts sum;
  for (uint32_t slot = 0; slot < thread_slots_; ++slot) {
    const Lane& from = lane(slot, plane);
    // Dropped first: what is offered meanwhile must not be missing from `offered`.
    sum.dropped += from.dropped.get();
    sum.offered += from.offered.get();
  }
  return sum;
}

}  // namespace tiltyard
