// Every limit of the data plane, with its unit last in its name. The defaults; `Limits` is what an
// engine runs with (config.py mirrors it and may change it). Reaching a limit is counted and
// answered.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tiltyard {

inline constexpr size_t kCacheLineBytes = 64;
inline constexpr size_t kTensorAlignBytes = 64;
inline constexpr int kTensorRankMax = 16;
inline constexpr size_t kGrpcPrefixBytes = 5;
inline constexpr int kThreadSlotsMax = 64;
inline constexpr size_t kShadowsMax = 32;            // of one arm
inline constexpr uint32_t kReadBytesMin = 4 * 1024;  // for less a socket is not read
inline constexpr size_t kRecordBlockBytes = 64 * 1024;
inline constexpr size_t kRecordSlotsMax = 2'048;  // of one version's record: 7 fill a block

// What is used again for the next request keeps so much of what it grew to.
inline constexpr size_t kItemsKept = 64;            // of a container in a request
inline constexpr size_t kSlotsKept = 1'024;         // of a pool of requests
inline constexpr size_t kMessageBytesKept = 4'096;  // of a torn or inflated message

struct Limits {
  // connections and HTTP/2
  uint32_t connections_max = 10'000;
  uint32_t streams_per_connection_max = 1'024;
  uint32_t header_bytes_max = 16 * 1024;
  uint32_t stream_window_bytes = 1u << 20;
  uint32_t connection_window_bytes = 4u << 20;
  uint32_t control_frames_per_s_max = 1'000;  // pings, settings, empty frames: floods
  uint32_t resets_per_s_max = 2'000;          // rapid reset
  uint32_t output_bytes_max = 256 * 1024;     // buffered for one socket before nghttp2 is paused
  uint32_t handshake_ms_max = 10'000;         // TLS and the HTTP/2 preface
  uint32_t connection_idle_ms_max = 0;        // 0: never
  uint32_t connection_age_ms_max = 0;         // 0: never
  uint32_t connection_age_grace_ms = 30'000;
  uint32_t keepalive_ms = 7'200'000;  // our own PING after this silence; 0: never
  uint32_t keepalive_timeout_ms = 20'000;
  uint32_t slow_reader_ms_max = 60'000;  // output pending and no byte taken
  // one cycle of an io thread
  uint32_t handshakes_per_cycle_max = 8;  // steps of TLS handshakes; a step can take 1 ms
  uint32_t read_arena_bytes = 4u << 20;
  uint32_t read_bytes_per_connection_max = 256 * 1024;
  uint32_t requests_per_connection_max = 256;
  uint32_t requests_per_cycle_max = 1'024;
  uint32_t inflated_bytes_per_cycle_max = 64u << 20;  // then the rest waits for the next cycle
  uint32_t cycle_run_us_max = 1'000;
  uint32_t inline_run_us_max = 300;
  // calls and messages
  uint32_t message_bytes_max = 64u << 20;
  uint64_t in_flight_bytes_max = 1ull << 30;
  uint32_t calls_max = 65'536;  // per io thread
  uint32_t stream_messages_in_flight_max = 256;
  uint32_t batch_rows_max = 128;
  uint32_t queue_items_max = 1'024;  // per version, to the workers
  uint32_t slow_path_items_max = 1'024;
  uint32_t shadow_items_max = 1'024;      // per shadow
  uint32_t shadow_bytes_max = 64u << 20;  // of requests and replies, per shadow
  uint32_t shadow_age_ms_max = 2'000;     // what waited longer is not run
  uint32_t record_bytes_max = 64u << 20;  // of all record blocks together
  uint32_t retry_pushback_ms = 50;
};

static_assert(kCacheLineBytes % alignof(std::max_align_t) == 0);

}  // namespace tiltyard
