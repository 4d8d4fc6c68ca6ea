// What is recorded of one row of a request: a head, then words that the version's record layout
// (infer/record_layout.h) says the meaning of. A record is padded with zeros to 8 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace tiltyard {

struct RecordHead {
  uint64_t time_ns = 0;       // CLOCK_MONOTONIC, when the answer was made
  uint64_t request_hash = 0;  // XXH3-64 of the request's id; 0: it has none
  uint32_t request_rows = 0;  // rows of the request, at least 1
  uint32_t row = 0;           // which of them
  uint32_t latency_ns = 0;    // arrival to the answer made; the largest for all that is longer
  uint32_t flags = 0;
};
static_assert(sizeof(RecordHead) == 32 && alignof(RecordHead) == 8);

inline constexpr size_t kRecordHeadWords = sizeof(RecordHead) / sizeof(uint32_t);

// Bytes from one record to the next.
inline constexpr uint32_t record_stride(size_t slots) {
  return static_cast<uint32_t>((sizeof(RecordHead) + slots * sizeof(uint32_t) + 7) / 8 * 8);
}

inline uint32_t saturated_ns(uint64_t ns) {
  constexpr uint32_t kMax = std::numeric_limits<uint32_t>::max();
  return ns < kMax ? static_cast<uint32_t>(ns) : kMax;
}

}  // namespace tiltyard
