// What one thread has counted for one version. Summed over threads by the reader.
#pragma once

#include <array>
#include <cstdint>

#include "base/limits.h"
#include "base/status.h"
#include "stats/counters.h"
#include "stats/latency_histogram.h"

namespace tiltyard {

inline constexpr uint32_t kBatchSizesCounted = 257;  // index = rows; the last also counts all above

struct BatchSizeStats {
  Counter runs, compute_input_ns, compute_infer_ns, compute_output_ns;
};

struct alignas(kCacheLineBytes) VersionStats {
  // Requests, by their end.
  Counter success, success_ns, fail, fail_ns;
  // Parts of successful requests, cumulative: each request of a group is charged the group's time.
  Counter queue_ns, compute_input_ns, compute_infer_ns, compute_output_ns;
  Counter rows, runs, last_inference_ms;
  Counter inline_runs, worker_runs, padded_runs;
  std::array<Counter, kErrorCount> errors;
  std::array<BatchSizeStats, kBatchSizesCounted> batch_sizes;
  LatencyHistogram latency;  // arrival of the message to the reply handed to the socket
};

}  // namespace tiltyard
