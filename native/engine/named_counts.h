// Counts by name or by size, as readers of statistics get them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "stats/latency_histogram.h"

namespace tiltyard {

using NamedCounts = std::vector<std::pair<std::string, uint64_t>>;
// (smallest value of a bucket, how many fell into it), ascending; those with any.
using HistogramCounts = std::vector<std::pair<uint64_t, uint64_t>>;

// Errors that happened, by name; `get(i)` counts the one of number i.
template <typename Get>
NamedCounts errors_of(Get get) {
  NamedCounts errors;
  for (int i = 0; i < kErrorCount; ++i) {
    const uint64_t n = get(static_cast<size_t>(i));
    if (n > 0) errors.emplace_back(error_name(static_cast<Error>(i)), n);
  }
  return errors;
}

// p50, p90, p99, p999 and max, in ns: upper bucket edges.
inline NamedCounts quantiles_of(const LatencySnapshot& latency) {
  return {{"p50", latency.quantile_ns(0.5)},
          {"p90", latency.quantile_ns(0.9)},
          {"p99", latency.quantile_ns(0.99)},
          {"p999", latency.quantile_ns(0.999)},
          {"max", latency.quantile_ns(1.0)}};
}

inline HistogramCounts buckets_of(const LatencySnapshot& snapshot) {
  HistogramCounts found;
  for (size_t i = 0; i < snapshot.counts.size(); ++i) {
    if (snapshot.counts[i] == 0) continue;
    found.emplace_back(LatencyHistogram::bucket_floor(i), snapshot.counts[i]);
  }
  return found;
}

}  // namespace tiltyard
