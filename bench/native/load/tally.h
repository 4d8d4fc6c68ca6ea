// What a run counted. A reply belongs to the window its intended send falls into.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load/connection.h"
#include "load/latency_tally.h"
#include "load/reply_check.h"

namespace tiltyard::load {

struct Second {
  uint64_t completed = 0;
  uint64_t max_ns = 0;
};

// The right replies of one of the corpus's versions. Times are CLOCK_MONOTONIC.
struct VersionReplies {
  uint64_t replies = 0;
  uint64_t first_ns = 0;
  uint64_t last_ns = 0;
};

struct Tally {
  // Every reply of the run, warm-up and drain too: a wrong value is wrong at any time.
  uint64_t checked = 0;
  uint64_t wrong_values = 0;
  std::string first_wrong;
  std::map<int, uint64_t> errors_by_code;  // grpc-status; -1: the stream ended without one
  std::string first_error;
  std::vector<VersionReplies> versions;  // as Corpus::versions
  uint64_t connections_opened = 0;
  uint64_t connections_lost = 0;
  uint64_t passed_over = 0;  // requests that a retired connection had not run; they were sent again
  uint64_t unanswered = 0;

  // The window.
  uint64_t requests = 0;
  uint64_t ok = 0;
  uint64_t completed = 0;  // replies that came while the window was open, whenever sent
  LatencyTally latency;    // of the right replies to the window's requests
  LatencyTally lateness;   // open loop: actual minus intended send
  std::vector<Second> seconds;
};

// What a window cost, from its first to its last moment.
struct WindowCost {
  uint64_t wall_ns = 0;
  uint64_t own_cpu_ns = 0;
  uint64_t watched_cpu_ns = 0;
};

// Judges one reply that came at `now_ns`, remembers a right frame in its entry, and counts it in
// the parts of the tally that are not the window's. Returns whether it was right.
bool judge(const Slot& slot, Corpus& corpus, const ReplyRule& rule, uint64_t now_ns, Tally& tally);

}  // namespace tiltyard::load
