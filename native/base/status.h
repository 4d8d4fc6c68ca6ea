// Errors as values: what went wrong, the gRPC code it answers with, and the sentence that says so.
//
// The one table from Error to code, counter name and sentence is in status.cpp. A Status owns its
// message; a Status of Error::none owns nothing and costs nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tiltyard {

// The numbers are gRPC's own (grpc/statuscodes).
enum class GrpcCode : uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// One entry a mistake or limit. Order is free; the table in status.cpp must list each exactly once.
enum class Error : uint8_t {
  none,
  // the message
  malformed_message,        // {what}
  malformed_framing,        // {what}
  message_too_large,        // {got bytes} {limit bytes}
  unsupported_compression,  // {got}
  bad_compression,          // {what}
  bad_timeout,              // {got}
  bad_content_type,         // {got}
  bad_http_method,          // {got}
  headers_too_large,        // {limit bytes}
  unknown_method,           // {path}
  unimplemented_method,     // {method} {sentence}
  missing_message,          // {method}
  extra_message,            // {method}
  // the route
  unknown_model,      // {model}
  unknown_version,    // {model} {version} {the versions it has}
  bad_version,        // {got}
  version_not_ready,  // {model} {version} {reason}
  no_version_ready,   // {model} {reason}
  unknown_service,    // {service}
  // the tensors
  missing_input,          // {model} {input} {the inputs it takes}
  extra_input,            // {model} {input} {the inputs it takes}
  duplicate_input,        // {model} {input}
  unknown_output,         // {model} {output} {the outputs it has}
  duplicate_output,       // {model} {output}
  unknown_dtype,          // {model} {input} {expected} {got}
  wrong_dtype,            // {model} {input} {expected} {got}
  wrong_rank,             // {model} {input} {expected rank} {its shape} {got rank} {its shape}
  wrong_dimension,        // {model} {input} {expected shape} {got shape}
  negative_dimension,     // {model} {input} {expected shape} {got shape}
  shape_overflow,         // {model} {input} {got shape}
  rank_too_large,         // {model} {input} {got} {limit}
  rows_disagree,          // {model} {input} {expected rows} {got rows}
  wrong_byte_count,       // {model} {input} {expected} {got} {shape} {dtype}
  wrong_element_count,    // {model} {input} {expected} {got} {shape}
  missing_data,           // {model} {input}
  raw_and_typed,          // {model} {input}
  raw_count,              // {model} {expected} {got}
  raw_only_dtype,         // {model} {input} {dtype}
  wrong_contents_field,   // {model} {input} {dtype} {expected field} {got field}
  value_out_of_range,     // {model} {input} {dtype} {value}
  bad_bytes_framing,      // {model} {input} {what}
  bad_parameter,          // {parameter} {whose} {expected} {got}
  unknown_parameter,      // {parameter} {whose}
  unsupported_parameter,  // {parameter} {whose} {why}
  // the run
  run_failed,       // {model} {version} {what ONNX Runtime said}
  output_mismatch,  // {model} {version} {output} {what}
  // time and room
  deadline_passed,  // {how late}
  cancelled,        //
  queue_full,       // {model} {limit items}
  bytes_in_flight,  // {limit bytes}
  draining,         //
  slow_path_full,   // {limit}
  starting,         //
  // what a Python handler says, by its gRPC code; {sentence}
  handler_invalid_argument,
  handler_not_found,
  handler_unavailable,
  handler_unimplemented,
  handler_internal,
  handler_deadline_exceeded,
  handler_failed_precondition,
  handler_resource_exhausted,
  // the gateway itself
  listen_failed,  // {address} {what}
  tls_setup,      // {what} {what OpenSSL said}
  onnxruntime,    // {library} {what}
  // loading
  load_failed,  // {model} {version} {what}
  count_,
};
inline constexpr int kErrorCount = static_cast<int>(Error::count_);

struct [[nodiscard]] Status {
  Error error = Error::none;
  std::string message;

  bool ok() const { return error == Error::none; }
  void clear() {
    if (!ok()) *this = Status();
  }
  GrpcCode code() const;
};

// The row of the table: its gRPC code, and a snake_case name for counters and logs.
GrpcCode grpc_code(Error error);
inline uint8_t grpc_code_number(Error error) {
  return static_cast<uint8_t>(grpc_code(error));
}
const char* error_name(Error error);

// Fills the sentence of `error`: each "{}" takes the next of `args` (shown, escaped and cut at
// 256 bytes, since they may be a client's). The number of args must fit; a mismatch aborts.
Status make_error(Error error, std::initializer_list<std::string_view> args = {});

}  // namespace tiltyard
