// What threads have counted for one shadow: io threads what they offered it, shadow threads what
// became of that. Each writes its own; the reader sums.
//
// offered = sampled_out + queued + dropped, and queued = ok + error + expired + those in flight:
// exactly whenever no thread is between two of these counters.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/limits.h"
#include "base/status.h"
#include "stats/counters.h"
#include "stats/latency_histogram.h"

namespace tiltyard {

// Why a request that was sampled is not queued.
enum class ShadowDrop : uint8_t {
  not_ready,     // the version is not loaded, or there are no shadow threads
  incompatible,  // the version takes other inputs than the one it shadows
  queue_full,
  bytes_full,
  shutdown,  // the gateway stops
  count_,
};
inline constexpr size_t kShadowDrops = static_cast<size_t>(ShadowDrop::count_);

inline const char* shadow_drop_name(ShadowDrop reason) {
  constexpr std::array<const char*, kShadowDrops> kNames = {"not_ready", "incompatible",
                                                            "queue_full", "bytes_full", "shutdown"};
  return kNames[static_cast<size_t>(reason)];
}

// One io thread's.
struct alignas(kCacheLineBytes) ShadowOfferStats {
  Counter offered, sampled_out, queued;
  std::array<Counter, kShadowDrops> dropped;

  void drop(ShadowDrop reason) { dropped[static_cast<size_t>(reason)].add(); }
};

// Of one output; requests whose outputs could be compared, and those whose could not.
struct ShadowOutputStats {
  // Sums of fractions are counted in units of 2^-24: room for 10^12 requests.
  static constexpr double kUnitsPerWhole = 1 << 24;
  // Differences of scores are counted in millionths, so that the histogram reaches to a million.
  static constexpr double kUnitsPerScore = 1e6;

  Counter compared;
  Counter disagreed;                               // sum of the fractions of rows, in 2^-24
  Counter champion_non_finite, shadow_non_finite;  // requests with any
  Counter missing, wrong_dtype, wrong_shape;       // not compared, because the shadow's is
  LatencyHistogram score_difference;               // of rows, in millionths

  void add_disagreement(double fraction) {
    disagreed.add(static_cast<uint64_t>(std::llround(fraction * kUnitsPerWhole)));
  }
  void add_score_difference(double difference) {
    constexpr double kUnitsMax = 1e18;  // far beyond the last bucket, and an integer
    const double units = difference * kUnitsPerScore;
    score_difference.update(units < kUnitsMax ? static_cast<uint64_t>(std::llround(units))
                                              : static_cast<uint64_t>(kUnitsMax));
  }
};

// One shadow thread's.
struct alignas(kCacheLineBytes) ShadowRunStats {
  explicit ShadowRunStats(size_t output_count)
      : outputs(std::make_unique<ShadowOutputStats[]>(output_count)) {}

  Counter ok;       // it ran, and what could be compared was
  Counter error;    // it did not run
  Counter expired;  // it was too old when its turn came, or the gateway stopped
  std::array<Counter, kErrorCount> errors;
  LatencyHistogram latency;           // leaving the queue to the outputs
  LatencyHistogram champion_latency;  // of the same requests: arrival to the reply handed over
  LatencyHistogram run_ns;            // of group runs, in CPU time
  const std::unique_ptr<ShadowOutputStats[]> outputs;  // in the order of the champion's signature
};

}  // namespace tiltyard
