// What one thread has counted for one arm of a rollout. Summed over threads by the reader.
//
// assigned = completed + the sum of errors + cancelled + rerouted + those still in flight.
#pragma once

#include <array>

#include "base/limits.h"
#include "base/status.h"
#include "stats/counters.h"
#include "stats/latency_histogram.h"

namespace tiltyard {

struct alignas(kCacheLineBytes) ArmStats {
  Counter assigned, completed, cancelled;
  Counter rerouted;                         // left a queue unrun, because the arm was withdrawn
  Counter non_finite;                       // completed with a NaN or an infinity in an output
  std::array<Counter, kErrorCount> errors;  // after routing
  LatencyHistogram latency;  // arrival of the message to the reply handed to the socket
  LatencyHistogram run_ns;   // of group runs: a reply's latency measures its batch, not the model
};

}  // namespace tiltyard
