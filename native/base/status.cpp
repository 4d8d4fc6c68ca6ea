#include "base/status.h"

#include <array>
#include <string>

#include "base/assert.h"

namespace tiltyard {
namespace {

constexpr size_t kArgBytesMax = 256;

struct Row {
  Error error;
  GrpcCode code;
  const char* name;
  const char* sentence;  // each "{}" is the next argument
};

// Codes: a client's mistake is INVALID_ARGUMENT, a limit that passes by itself UNAVAILABLE, as
// Triton answers. Where gRPC itself has a rule (its statuscodes page and its mapping from HTTP),
// that holds: data that does not inflate is INTERNAL, a missing or a second message UNIMPLEMENTED,
// HTTP 405 and 415 UNKNOWN.
constexpr auto kRows = std::to_array<Row>({
    {Error::none, GrpcCode::ok, "none", ""},

    {Error::malformed_message, GrpcCode::invalid_argument, "malformed_message",
     "the message is not well-formed protobuf: {}"},
    {Error::malformed_framing, GrpcCode::invalid_argument, "malformed_framing",
     "the gRPC message framing is broken: {}"},
    {Error::message_too_large, GrpcCode::resource_exhausted, "message_too_large",
     "the message has {} bytes; the limit is {}"},
    {Error::unsupported_compression, GrpcCode::unimplemented, "unsupported_compression",
     "grpc-encoding '{}' is not supported; expected identity or gzip"},
    {Error::bad_compression, GrpcCode::internal, "bad_compression",
     "the compressed message cannot be inflated: {}"},
    {Error::bad_timeout, GrpcCode::invalid_argument, "bad_timeout",
     "grpc-timeout '{}' is not 1 to 8 digits and one of the units H, M, S, m, u, n"},
    {Error::bad_content_type, GrpcCode::unknown, "bad_content_type",
     "the content-type is {}; expected application/grpc or application/grpc+proto"},
    {Error::bad_http_method, GrpcCode::unknown, "bad_http_method",
     "the HTTP method is {}; expected POST"},
    {Error::headers_too_large, GrpcCode::resource_exhausted, "headers_too_large",
     "the headers of the call are larger than the limit of {} bytes"},
    {Error::unknown_method, GrpcCode::unimplemented, "unknown_method",
     "there is no method '{}' here"},
    {Error::unimplemented_method, GrpcCode::unimplemented, "unimplemented_method",
     "method '{}' is not implemented: {}"},
    {Error::missing_message, GrpcCode::unimplemented, "missing_message",
     "method '{}' expects one message; none came"},
    {Error::extra_message, GrpcCode::unimplemented, "extra_message",
     "method '{}' expects one message; more came"},

    {Error::unknown_model, GrpcCode::not_found, "unknown_model", "model '{}' is not found"},
    {Error::unknown_version, GrpcCode::not_found, "unknown_version",
     "model '{}' has no version {}; its versions are {}"},
    {Error::bad_version, GrpcCode::invalid_argument, "bad_version",
     "model version '{}' is not a positive integer"},
    {Error::version_not_ready, GrpcCode::unavailable, "version_not_ready",
     "model '{}' version {} is not ready: {}"},
    {Error::no_version_ready, GrpcCode::unavailable, "no_version_ready",
     "model '{}' has no version that is ready: {}"},
    {Error::unknown_service, GrpcCode::not_found, "unknown_service",
     "service '{}' is not known to the health check"},

    {Error::missing_input, GrpcCode::invalid_argument, "missing_input",
     "model '{}' needs input '{}', which the request does not have; its inputs are {}"},
    {Error::extra_input, GrpcCode::invalid_argument, "extra_input",
     "model '{}' has no input '{}'; its inputs are {}"},
    {Error::duplicate_input, GrpcCode::invalid_argument, "duplicate_input",
     "the request to model '{}' has input '{}' more than once"},
    {Error::unknown_output, GrpcCode::invalid_argument, "unknown_output",
     "model '{}' has no output '{}'; its outputs are {}"},
    {Error::duplicate_output, GrpcCode::invalid_argument, "duplicate_output",
     "the request to model '{}' asks for output '{}' more than once"},
    {Error::unknown_dtype, GrpcCode::invalid_argument, "unknown_dtype",
     "model '{}' input '{}': expected datatype {}, got '{}', which the protocol does not have"},
    {Error::wrong_dtype, GrpcCode::invalid_argument, "wrong_dtype",
     "model '{}' input '{}': expected datatype {}, got {}"},
    {Error::wrong_rank, GrpcCode::invalid_argument, "wrong_rank",
     "model '{}' input '{}': expected {} dimensions, {} (-1 is free), got {}, {}"},
    {Error::wrong_dimension, GrpcCode::invalid_argument, "wrong_dimension",
     "model '{}' input '{}': expected shape {} (-1 is free), got {}"},
    {Error::negative_dimension, GrpcCode::invalid_argument, "negative_dimension",
     "model '{}' input '{}': expected shape {} (-1 is free), got {} with a negative dimension"},
    {Error::shape_overflow, GrpcCode::invalid_argument, "shape_overflow",
     "model '{}' input '{}': shape {} has more bytes than 64 bits can count"},
    {Error::rank_too_large, GrpcCode::invalid_argument, "rank_too_large",
     "model '{}' input '{}' has {} dimensions; the limit is {}"},
    {Error::rows_disagree, GrpcCode::invalid_argument, "rows_disagree",
     "model '{}' input '{}': expected {} rows as in the first input, got {}"},
    {Error::wrong_byte_count, GrpcCode::invalid_argument, "wrong_byte_count",
     "model '{}' input '{}': expected {} bytes, got {} (shape {}, datatype {})"},
    {Error::wrong_element_count, GrpcCode::invalid_argument, "wrong_element_count",
     "model '{}' input '{}': expected {} elements, got {} (shape {})"},
    {Error::missing_data, GrpcCode::invalid_argument, "missing_data",
     "model '{}' input '{}' has neither contents nor an entry in raw_input_contents"},
    {Error::raw_and_typed, GrpcCode::invalid_argument, "raw_and_typed",
     "model '{}' input '{}' has contents although the request has raw_input_contents; expected all "
     "values in one of them"},
    {Error::raw_count, GrpcCode::invalid_argument, "raw_count",
     "the request to model '{}' needs one raw_input_contents entry an input: expected {}, got {}"},
    {Error::raw_only_dtype, GrpcCode::invalid_argument, "raw_only_dtype",
     "model '{}' input '{}': datatype {} can only be sent in raw_input_contents"},
    {Error::wrong_contents_field, GrpcCode::invalid_argument, "wrong_contents_field",
     "model '{}' input '{}' of datatype {}: expected its values in {}, got {}"},
    {Error::value_out_of_range, GrpcCode::invalid_argument, "value_out_of_range",
     "model '{}' input '{}': datatype {} cannot hold the value {}"},
    {Error::bad_bytes_framing, GrpcCode::invalid_argument, "bad_bytes_framing",
     "model '{}' input '{}' is not framed as BYTES (a 4-byte length before each element): {}"},
    {Error::bad_parameter, GrpcCode::invalid_argument, "bad_parameter",
     "parameter '{}' of {}: expected {}, got {}"},
    {Error::unknown_parameter, GrpcCode::invalid_argument, "unknown_parameter",
     "parameter '{}' of {} is not known; names that begin with triton_ are reserved"},
    {Error::unsupported_parameter, GrpcCode::unimplemented, "unsupported_parameter",
     "parameter '{}' of {} is not supported: {}"},

    {Error::run_failed, GrpcCode::internal, "run_failed",
     "model '{}' version {} failed to run: {}"},
    {Error::output_mismatch, GrpcCode::internal, "output_mismatch",
     "model '{}' version {} made an output '{}' that it did not declare: {}"},

    {Error::deadline_passed, GrpcCode::deadline_exceeded, "deadline_passed",
     "the deadline of the call passed {} us ago"},
    {Error::cancelled, GrpcCode::cancelled, "cancelled", "the client cancelled the call"},
    {Error::queue_full, GrpcCode::unavailable, "queue_full",
     "the queue of model '{}' is full; the limit is {} requests"},
    {Error::bytes_in_flight, GrpcCode::unavailable, "bytes_in_flight",
     "the requests in flight hold as much memory as they may; the limit is {} bytes"},
    {Error::draining, GrpcCode::unavailable, "draining",
     "the gateway is shutting down and takes no new calls"},
    {Error::slow_path_full, GrpcCode::unavailable, "slow_path_full",
     "too many calls of this kind wait for their answers; the limit is {}"},
    {Error::starting, GrpcCode::unavailable, "starting",
     "the gateway is starting and cannot answer this yet"},

    {Error::handler_invalid_argument, GrpcCode::invalid_argument, "handler_invalid_argument", "{}"},
    {Error::handler_not_found, GrpcCode::not_found, "handler_not_found", "{}"},
    {Error::handler_unavailable, GrpcCode::unavailable, "handler_unavailable", "{}"},
    {Error::handler_unimplemented, GrpcCode::unimplemented, "handler_unimplemented", "{}"},
    {Error::handler_internal, GrpcCode::internal, "handler_internal", "{}"},
    {Error::handler_deadline_exceeded, GrpcCode::deadline_exceeded, "handler_deadline_exceeded",
     "{}"},
    {Error::handler_failed_precondition, GrpcCode::failed_precondition,
     "handler_failed_precondition", "{}"},
    {Error::handler_resource_exhausted, GrpcCode::resource_exhausted, "handler_resource_exhausted",
     "{}"},

    {Error::listen_failed, GrpcCode::unavailable, "listen_failed", "cannot listen on {}: {}"},
    {Error::tls_setup, GrpcCode::invalid_argument, "tls_setup", "TLS cannot be set up: {}: {}"},

    {Error::onnxruntime, GrpcCode::failed_precondition, "onnxruntime",
     "ONNX Runtime's library '{}' cannot be used: {}"},
    {Error::load_failed, GrpcCode::failed_precondition, "load_failed",
     "model '{}' version {} cannot be loaded: {}"},
});

constexpr bool lists_each_error_in_order() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].error) != i) return false;
  }
  return kRows.size() == static_cast<size_t>(kErrorCount);
}
static_assert(lists_each_error_in_order(), "the table has one row an Error, in the enum's order");

const Row& row_of(Error error) {
  TILTYARD_ASSERT(error < Error::count_, "an Error is one of the enum");
  return kRows[static_cast<size_t>(error)];
}

// A client's bytes must not reach a log or a terminal as they are.
void append_shown(std::string_view arg, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool is_cut = arg.size() > kArgBytesMax;
  for (const char c : arg.substr(0, kArgBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out.push_back(c);
    } else {
      out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  if (is_cut) out.append("...");
}

}  // namespace

GrpcCode Status::code() const {
  return grpc_code(error);
}
GrpcCode grpc_code(Error error) {
  return row_of(error).code;
}
const char* error_name(Error error) {
  return row_of(error).name;
}

Status make_error(Error error, std::initializer_list<std::string_view> args) {
  Status status{error, {}};
  const auto* arg = args.begin();
  std::string_view rest = row_of(error).sentence;
  for (size_t hole = rest.find("{}"); hole != rest.npos; hole = rest.find("{}")) {
    TILTYARD_ASSERT(arg != args.end(),
                    "make_error was given fewer arguments than the sentence takes");
    status.message.append(rest.substr(0, hole));
    append_shown(*arg++, status.message);
    rest.remove_prefix(hole + 2);
  }
  TILTYARD_ASSERT(arg == args.end(), "make_error was given more arguments than the sentence takes");
  status.message.append(rest);
  return status;
}

}  // namespace tiltyard
