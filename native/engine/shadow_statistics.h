// What threads have counted for a shadow, summed up for a reader.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/named_counts.h"
#include "route/shadow.h"

namespace tiltyard {

using ScoreQuantiles = std::vector<std::pair<std::string, double>>;  // by name
using ScoreBuckets = std::vector<std::pair<double, uint64_t>>;       // by smallest value, ascending

struct ShadowOutputStatistics {
  std::string name;
  std::string mode;           // label, argmax or tolerance,
  double atol = 0, rtol = 0;  // and of a tolerance, which
  uint64_t compared = 0;      // requests
  double disagreed = 0;       // sum of the fractions of their rows that disagreed
  NamedCounts incompatible;   // requests not compared, by reason: missing, dtype, shape
  // Requests whose output had a NaN or an infinity in it.
  uint64_t champion_non_finite = 0, shadow_non_finite = 0;
  // Of rows, the largest difference of a score: p50, p90, p99 and max, upper bucket edges;
  ScoreQuantiles score_difference;
  // and the rows by bucket.
  ScoreBuckets score_buckets;
};

struct ShadowStatistics {
  int64_t version = 0;  // 0: not loaded
  int64_t source = 0;   // the version it shadows
  uint32_t sample_ppm = 0;
  // offered, sampled_out, queued, ok, error, expired, in_flight; and bytes_held by items
  NamedCounts counts;
  NamedCounts dropped;                                  // by reason; all of them
  NamedCounts errors;                                   // by error name; those that happened
  NamedCounts latency_ns, champion_latency_ns, run_ns;  // quantiles,
  HistogramCounts latency, champion_latency, run;       // and in ns
  std::vector<ShadowOutputStatistics> outputs;          // in the order of the champion's signature
};

ShadowStatistics read_shadow(const Shadow& shadow);

}  // namespace tiltyard
