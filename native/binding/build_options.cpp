#include "binding/build_options.h"

#include <limits>

namespace tiltyard {
namespace {

struct LimitName {
  const char* name;
  uint32_t Limits::* limit;
};

constexpr LimitName kLimits[] = {
    {"connections_max", &Limits::connections_max},
    {"streams_per_connection_max", &Limits::streams_per_connection_max},
    {"header_bytes_max", &Limits::header_bytes_max},
    {"stream_window_bytes", &Limits::stream_window_bytes},
    {"connection_window_bytes", &Limits::connection_window_bytes},
    {"control_frames_per_s_max", &Limits::control_frames_per_s_max},
    {"resets_per_s_max", &Limits::resets_per_s_max},
    {"output_bytes_max", &Limits::output_bytes_max},
    {"handshake_ms_max", &Limits::handshake_ms_max},
    {"connection_idle_ms_max", &Limits::connection_idle_ms_max},
    {"connection_age_ms_max", &Limits::connection_age_ms_max},
    {"connection_age_grace_ms", &Limits::connection_age_grace_ms},
    {"keepalive_ms", &Limits::keepalive_ms},
    {"keepalive_timeout_ms", &Limits::keepalive_timeout_ms},
    {"slow_reader_ms_max", &Limits::slow_reader_ms_max},
    {"handshakes_per_cycle_max", &Limits::handshakes_per_cycle_max},
    {"read_arena_bytes", &Limits::read_arena_bytes},
    {"read_bytes_per_connection_max", &Limits::read_bytes_per_connection_max},
    {"requests_per_connection_max", &Limits::requests_per_connection_max},
    {"requests_per_cycle_max", &Limits::requests_per_cycle_max},
    {"inflated_bytes_per_cycle_max", &Limits::inflated_bytes_per_cycle_max},
    {"cycle_run_us_max", &Limits::cycle_run_us_max},
    {"inline_run_us_max", &Limits::inline_run_us_max},
    {"message_bytes_max", &Limits::message_bytes_max},
    {"calls_max", &Limits::calls_max},
    {"stream_messages_in_flight_max", &Limits::stream_messages_in_flight_max},
    {"batch_rows_max", &Limits::batch_rows_max},
    {"queue_items_max", &Limits::queue_items_max},
    {"slow_path_items_max", &Limits::slow_path_items_max},
    {"shadow_items_max", &Limits::shadow_items_max},
    {"shadow_bytes_max", &Limits::shadow_bytes_max},
    {"shadow_age_ms_max", &Limits::shadow_age_ms_max},
    {"record_bytes_max", &Limits::record_bytes_max},
    {"retry_pushback_ms", &Limits::retry_pushback_ms},
};

struct LimitMin {
  const char* name;
  uint32_t Limits::* limit;
  uint32_t min;
};

constexpr LimitMin kLimitsMin[] = {
    {"read_bytes_per_connection_max", &Limits::read_bytes_per_connection_max, kReadBytesMin},
    {"read_arena_bytes", &Limits::read_arena_bytes, kReadBytesMin},
    {"record_bytes_max", &Limits::record_bytes_max, kRecordBlockBytes},
};

struct OptionName {
  const char* name;
  uint32_t EngineOptions::* option;
};

constexpr OptionName kOptions[] = {
    {"io_threads", &EngineOptions::io_threads},
    {"worker_threads", &EngineOptions::worker_threads},
    {"shadow_threads", &EngineOptions::shadow_threads},
    {"busy_poll_us", &EngineOptions::busy_poll_us},
    {"allow_model_control", &EngineOptions::allow_model_control},
};

}  // namespace

bool set_engine_option(EngineOptions& options, const std::string& name, uint64_t value) {
  if (name == "in_flight_bytes_max") {
    options.limits.in_flight_bytes_max = value;
    return true;
  }
  if (value > std::numeric_limits<uint32_t>::max()) return false;
  for (const LimitName& row : kLimits) {
    if (name != row.name) continue;
    options.limits.*row.limit = static_cast<uint32_t>(value);
    return true;
  }
  for (const OptionName& row : kOptions) {
    if (name != row.name) continue;
    options.*row.option = static_cast<uint32_t>(value);
    return true;
  }
  return false;
}

std::string engine_options_problem(const EngineOptions& options) {
  const uint64_t threads =
      uint64_t{options.io_threads} + options.worker_threads + options.shadow_threads;
  if (options.io_threads < 1 || threads > kThreadSlotsMax) {
    return "io_threads must be at least 1 and io_threads + worker_threads + shadow_threads at "
           "most " +
           std::to_string(kThreadSlotsMax) + "; got " + std::to_string(options.io_threads) + ", " +
           std::to_string(options.worker_threads) + " and " +
           std::to_string(options.shadow_threads);
  }
  for (const LimitMin& row : kLimitsMin) {
    const uint32_t value = options.limits.*row.limit;
    if (value >= row.min) continue;
    return std::string(row.name) + " must be at least " + std::to_string(row.min) + "; got " +
           std::to_string(value);
  }
  return "";
}

}  // namespace tiltyard
