#include "load/latency_tally.h"

#include <algorithm>
#include <cmath>

namespace tiltyard::load {

uint64_t LatencyTally::quantile_ns(double q) const {
  const auto rank =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(total_))));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen < rank) continue;
    if (bucket < kSub) return bucket;
    const size_t shift = bucket / kSub - 1;
    const uint64_t upper_edge = ((bucket - shift * kSub + 1) << shift) - 1;
    return std::min(upper_edge, max_ns_);
  }
  return max_ns_;
}

}  // namespace tiltyard::load
