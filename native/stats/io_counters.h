// What one io thread has counted; other threads read.
#pragma once

#include <array>

#include "base/limits.h"
#include "base/status.h"
#include "stats/counters.h"

namespace tiltyard {

struct alignas(kCacheLineBytes) IoCounters {
  Counter cycles, busy_ns;
  Counter bytes_in, bytes_out;
  Counter connections_opened, connections_closed, connections_moved_in, connections_moved_out;
  Counter calls, messages, infer_requests, calls_cancelled, deadline_passed_waiting;
  Counter groups, requests_inline, requests_to_workers, requests_to_slow_path;
  Counter inflated_bytes, messages_put_off;
  // limits and misbehaviour, by name
  Counter closed_flood, closed_idle, closed_age, closed_slow_reader, closed_handshake;
  Counter closed_keepalive, closed_protocol_error, streams_refused, input_held, read_budget_ran_out;
  Counter handshakes_put_off;
  Counter calls_stalled, replies_dropped;
  std::array<Counter, kErrorCount> errors;  // of calls that ended, by what they ended with
};

}  // namespace tiltyard
