#include "stats/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace tiltyard {

void LatencySnapshot::merge(const LatencyHistogram& histogram) {
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += histogram.count(i);
}

uint64_t LatencySnapshot::total() const {
  uint64_t sum = 0;
  for (uint64_t n : counts) sum += n;
  return sum;
}

uint64_t LatencySnapshot::quantile_ns(double q) const {
  const uint64_t all = total();
  if (all == 0) return 0;
  const auto rank =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(all))));
  uint64_t seen = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen >= rank)
      return LatencyHistogram::bucket_floor(i + 1) - (i + 1 < counts.size() ? 1 : 0);
  }
  return LatencyHistogram::bucket_floor(counts.size());
}

}  // namespace tiltyard
