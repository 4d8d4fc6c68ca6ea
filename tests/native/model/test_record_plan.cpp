#include <doctest/doctest.h>

#include <set>
#include <string>

#include "model/record_plan.h"

using namespace tiltyard;

TEST_CASE("a plan's lanes are a line for each thread and plane, and are summed") {
  const RecordPlan plan(RecordLayout(), {11, 12, 13, 14}, 3);
  CHECK(plan.plane_id(RecordPlane::champion) == 11);
  CHECK(plan.plane_id(RecordPlane::shadowed) == 14);
  std::set<const void*> lanes;
  for (uint32_t slot = 0; slot < 3; ++slot) {
    for (size_t plane = 0; plane < kRecordPlanes; ++plane) {
      RecordPlan::Lane& lane = plan.lane(slot, static_cast<RecordPlane>(plane));
      CHECK(reinterpret_cast<uintptr_t>(&lane) % kCacheLineBytes == 0);
      lanes.insert(&lane);
      lane.offered.add(10 * (plane + 1));
      lane.dropped.add(plane);
    }
  }
  CHECK(lanes.size() == 3 * kRecordPlanes);
  CHECK(plan.counts(RecordPlane::champion).offered == 30);
  CHECK(plan.counts(RecordPlane::champion).dropped == 0);
  CHECK(plan.counts(RecordPlane::shadowed).offered == 120);
  CHECK(plan.counts(RecordPlane::shadowed).dropped == 9);
}

TEST_CASE("planes have names of their own") {
  std::set<std::string> names;
  for (size_t plane = 0; plane < kRecordPlanes; ++plane) {
    names.insert(record_plane_name(static_cast<RecordPlane>(plane)));
  }
  CHECK(names == std::set<std::string>{"champion", "canary", "shadow", "shadowed"});
}
