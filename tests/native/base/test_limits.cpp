#include <doctest/doctest.h>

#include "base/limits.h"

using namespace tiltyard;

TEST_CASE("the defaults agree with one another") {
  const Limits limits;
  // A cycle has room for several connections, and a connection's share for a system call's read.
  CHECK(limits.read_arena_bytes >= 4 * limits.read_bytes_per_connection_max);
  CHECK(limits.read_bytes_per_connection_max >= 32 * 1024);
  CHECK(limits.connection_window_bytes >= limits.stream_window_bytes);
  CHECK(limits.in_flight_bytes_max >= limits.message_bytes_max);
  CHECK(limits.message_bytes_max > 4u << 20);  // gRPC's own default is too small for us
  CHECK(limits.cycle_run_us_max >= limits.inline_run_us_max);
  CHECK(limits.calls_max >= limits.streams_per_connection_max);
  CHECK(limits.keepalive_timeout_ms < limits.keepalive_ms);
}

TEST_CASE("buffers of tensors lie on cache lines of their own") {
  CHECK(kTensorAlignBytes % kCacheLineBytes == 0);
}
