#include "engine/rollout_statistics.h"

namespace tiltyard {
namespace {

struct ArmCounterName {
  const char* name;
  Counter ArmStats::* counter;
};

// Ends before beginnings: what is read meanwhile never makes `in_flight` negative.
constexpr ArmCounterName kEnds[] = {
    {"completed", &ArmStats::completed},
    {"cancelled", &ArmStats::cancelled},
    {"rerouted", &ArmStats::rerouted},
};

template <typename Get>
uint64_t sum_over_threads(const ServedVersion& arm, Get get) {
  uint64_t sum = 0;
  for (uint32_t slot = 0; slot < arm.version->thread_slots(); ++slot) sum += get(arm.arm[slot]);
  return sum;
}

LatencySnapshot merged(const ServedVersion& arm, LatencyHistogram ArmStats::* histogram) {
  LatencySnapshot snapshot;
  for (uint32_t slot = 0; slot < arm.version->thread_slots(); ++slot) {
    snapshot.merge(arm.arm[slot].*histogram);
  }
  return snapshot;
}

void add_counts(const ServedVersion& arm, ArmCounters& out) {
  uint64_t ended = 0;
  for (const ArmCounterName& row : kEnds) {
    const uint64_t n =
        sum_over_threads(arm, [&](const ArmStats& stats) { return (stats.*row.counter).get(); });
    out.counts.emplace_back(row.name, n);
    ended += n;
  }
  out.errors = errors_of([&](size_t i) {
    return sum_over_threads(arm, [i](const ArmStats& stats) { return stats.errors[i].get(); });
  });
  for (const auto& [name, n] : out.errors) ended += n;
  const uint64_t non_finite =
      sum_over_threads(arm, [](const ArmStats& stats) { return stats.non_finite.get(); });
  const uint64_t assigned =
      sum_over_threads(arm, [](const ArmStats& stats) { return stats.assigned.get(); });
  out.counts.emplace_back("non_finite", non_finite);
  out.counts.emplace_back("assigned", assigned);
  out.counts.emplace_back("in_flight", assigned - ended);
  out.counts.emplace_back("queued", arm.queue.size());
}

}  // namespace

ArmCounters read_arm(const ServedVersion& arm) {
  ArmCounters counters;
  counters.role = role_name(arm.role);
  counters.version = arm.version->number();
  add_counts(arm, counters);
  const LatencySnapshot latency = merged(arm, &ArmStats::latency);
  const LatencySnapshot run = merged(arm, &ArmStats::run_ns);
  counters.latency_ns = quantiles_of(latency);
  counters.run_ns = quantiles_of(run);
  counters.latency = buckets_of(latency);
  counters.run = buckets_of(run);
  return counters;
}

RolloutCounters read_rollout(const Rollout& rollout) {
  RolloutCounters out;
  for (uint32_t slot = 0; slot < rollout.thread_slots(); ++slot) {
    out.unkeyed += rollout.thread(slot).unkeyed.get();
    out.ineligible += rollout.thread(slot).ineligible.get();
  }
  for (size_t i = 0; i < rollout.arms().size(); ++i) {
    ArmCounters& counters = out.arms.emplace_back(read_arm(*rollout.arms()[i]));
    const UnitBitmap::Counts units = rollout.units_of(i);
    counters.counts.emplace_back("units_seen", units.seen);
    counters.counts.emplace_back("units_failed", units.failed);
  }
  if (rollout.unsplit() != nullptr) out.unsplit = read_arm(*rollout.unsplit());
  for (const auto& shadow : rollout.shadows()) out.shadows.push_back(read_shadow(*shadow));
  return out;
}

}  // namespace tiltyard
