// What the threads have counted, summed up for a reader: per version, and for the gateway.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/named_counts.h"
#include "engine/rollout_statistics.h"
#include "stats/version_stats.h"

namespace tiltyard {

struct BatchSizeCounts {
  uint64_t rows, runs, compute_input_ns, compute_infer_ns, compute_output_ns;
};

struct VersionStatistics {
  std::string model;
  int64_t version = 0;
  NamedCounts counts;  // names match native/stats/version_stats.h
  NamedCounts errors;  // by error name; those that happened
  std::vector<BatchSizeCounts> batch_sizes;
  NamedCounts latency_ns;  // p50, p90, p99, p999, max (upper bucket edges)
  uint64_t queued = 0;     // jobs that wait for a worker
  ArmCounters pinned;      // of requests that ask for the version by its number
};

struct GatewayCounters {
  NamedCounts gauges;                                             // one value each
  std::vector<std::pair<std::string, std::vector<uint64_t>>> io;  // one value an io thread
  NamedCounts errors;                                             // of calls, by error name
  NamedCounts starved_ns;                                         // by thread name, of all classes
};

// Every version of the table in force, in its order.
std::vector<VersionStatistics> read_statistics(Engine& engine);
GatewayCounters read_counters(Engine& engine);

}  // namespace tiltyard
