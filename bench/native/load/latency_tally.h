// A log-linear histogram of nanoseconds, within 0.8 % of every value, and the exact largest.
//
// Finer than the gateway's own, and shares no code with it: a witness stands apart.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tiltyard::load {

class LatencyTally {
 public:
  void update(uint64_t ns) {
    ++counts_[bucket_of(ns)];
    ++total_;
    sum_ns_ += ns;
    if (ns > max_ns_) max_ns_ = ns;
  }

  uint64_t total() const { return total_; }
  uint64_t max_ns() const { return max_ns_; }
  uint64_t mean_ns() const { return total_ == 0 ? 0 : sum_ns_ / total_; }
  // The upper edge of the bucket that holds the q-quantile, 0 <= q <= 1; 0 when empty.
  uint64_t quantile_ns(double q) const;

 private:
  static constexpr int kSubBits = 7;
  static constexpr uint64_t kSub = 1u << kSubBits;
  static constexpr int kExponentMax = 40;  // 2^40 ns is 18 minutes; longer counts as that
  static constexpr size_t kBuckets = (kExponentMax - kSubBits + 1) * kSub;

  static size_t bucket_of(uint64_t ns) {
    if (ns < kSub) return ns;
    const int exponent = std::bit_width(ns) - 1;
    if (exponent >= kExponentMax) return kBuckets - 1;
    const auto shift = static_cast<unsigned>(exponent - kSubBits);
    return shift * kSub + (ns >> shift);
  }

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
  uint64_t sum_ns_ = 0;
  uint64_t max_ns_ = 0;
};

}  // namespace tiltyard::load
