// Where a request was routed, and the counting of what becomes of it there.
//
// Each request is assigned once, when it is known to run or to fail: one that is put off is routed
// again. `served` lives as long as the route table, or the job that has its own share of it.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "route/served_version.h"

namespace tiltyard {

class Rollout;
struct RolloutStats;

struct Assignment {
  static constexpr int32_t kNoBucket = -1;

  const std::shared_ptr<ServedVersion>* served = nullptr;
  const Rollout* rollout = nullptr;  // null: pinned, or the model has none; while routing only
  RolloutStats* left_out = nullptr;  // where to count why the split could not place it
  bool is_unkeyed = false;           // it has no key; else its canary could not take it
  bool has_unit = false;
  bool is_first_of_unit = false;
  bool is_counted = false;
  int32_t bucket = kNoBucket;
  uint32_t unit = 0;

  // Counts it as assigned; once.
  void assign(uint32_t slot);
  void complete(uint32_t slot, uint64_t latency_ns) const;
  // It was assigned, and ended with `error`; a cancelled one is no error of the arm.
  void fail(uint32_t slot, Error error) const;
  void reroute(uint32_t slot) const;
  // A reply has a NaN or an infinity in it.
  void note_non_finite(uint32_t slot) const;

 private:
  ArmStats* arm(uint32_t slot) const {
    const ServedVersion& version = **served;
    return version.arm == nullptr ? nullptr : &version.arm[slot];
  }
};

}  // namespace tiltyard
