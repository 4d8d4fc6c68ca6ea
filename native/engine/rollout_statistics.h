// What a rollout's arms have counted, summed up over threads for a reader.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/named_counts.h"
#include "engine/shadow_statistics.h"
#include "route/rollout.h"

namespace tiltyard {

struct ArmCounters {
  std::string role;
  int64_t version = 0;
  // Names match native/stats/arm_stats.h; also `in_flight`, `queued`, and by key `units_seen` and
  // `units_failed`.
  NamedCounts counts;
  NamedCounts errors;
  NamedCounts latency_ns, run_ns;  // quantiles
  HistogramCounts latency, run;    // in ns
};

struct RolloutCounters {
  uint64_t unkeyed = 0, ineligible = 0;  // which together `unsplit` was assigned
  std::vector<ArmCounters> arms;         // in the rollout's order
  // The champion's requests that the split could not place; without canaries it has no role.
  ArmCounters unsplit;
  std::vector<ShadowStatistics> shadows;
};

RolloutCounters read_rollout(const Rollout& rollout);
// Of one arm, or of a pinned version; it counts.
ArmCounters read_arm(const ServedVersion& arm);

}  // namespace tiltyard
