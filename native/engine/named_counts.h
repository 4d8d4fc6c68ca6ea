// Counts by name, as readers of statistics get them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "stats/latency_histogram.h"

namespace tiltyard {

using NamedCounts = std::vector<std::pair<std::string, uint64_t>>;

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

}  // namespace tiltyard
