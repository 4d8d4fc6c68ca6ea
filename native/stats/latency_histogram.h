// Log-linear latency histogram: 32 linear buckets a power of two, so a quantile is within 3.2 %.
//
// One writer, any reader; update is one add. Two histograms merge by adding their counts.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "stats/counters.h"

namespace tiltyard {

class LatencyHistogram {
 public:
  static constexpr int kSubBits = 5;
  static constexpr uint64_t kSub = 1u << kSubBits;
  static constexpr int kExponentMax = 40;  // up to 2^40 ns, 18 minutes; more counts in the last
  static constexpr size_t kBuckets = (kExponentMax - kSubBits + 1) * kSub;

  static size_t bucket_of(uint64_t ns) {
    if (ns < kSub) return static_cast<size_t>(ns);
    const int exponent = std::bit_width(ns) - 1;
    if (exponent >= kExponentMax) return kBuckets - 1;
    const int shift = exponent - kSubBits;
    return static_cast<size_t>(shift) * kSub + static_cast<size_t>(ns >> shift);
  }
  // The smallest value that falls into `bucket`.
  static uint64_t bucket_floor(size_t bucket) {
    if (bucket < kSub) return bucket;
    const uint64_t shift = bucket / kSub - 1;
    return (bucket - shift * kSub) << shift;
  }

  void update(uint64_t ns, uint64_t n = 1) { counts_[bucket_of(ns)].add(n); }
  uint64_t count(size_t bucket) const { return counts_[bucket].get(); }

 private:
  std::array<Counter, kBuckets> counts_;
};

// Counts summed over threads, and what is read from them.
struct LatencySnapshot {
  std::array<uint64_t, LatencyHistogram::kBuckets> counts{};

  void merge(const LatencyHistogram& histogram);
  uint64_t total() const;
  // The upper edge of the bucket that holds the q-quantile, in ns; 0 when empty. 0 <= q <= 1.
  uint64_t quantile_ns(double q) const;
};

}  // namespace tiltyard
