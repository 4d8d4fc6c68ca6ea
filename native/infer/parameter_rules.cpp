#include "infer/parameter_rules.h"

#include <array>
#include <string>
#include <string_view>

namespace tiltyard {
namespace {

using Kind = ParameterView::Kind;

constexpr std::string_view kRequest = "the request";
constexpr std::string_view kNoSequences =
    "models here keep no state between requests, so there are no sequences";
constexpr std::string_view kNoSharedMemory =
    "there is no shared memory with clients; send the values in the message";
constexpr std::string_view kNoClassification =
    "there are no labels to classify by; ask for the output itself";

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::none:
      return "none";
    case Kind::boolean:
      return "bool_param";
    case Kind::int64:
      return "int64_param";
    case Kind::string:
      return "string_param";
    case Kind::float64:
      return "double_param";
    case Kind::uint64:
      return "uint64_param";
  }
  return "none";
}

// Clients send priority as uint64 (older ones as int64), a sequence id as a number or a string.
struct Reserved {
  std::string_view name;
  std::string_view expected;
  std::array<Kind, 3> kinds;  // filled up with Kind::none, which is never right
};

constexpr Reserved kReserved[] = {
    {"priority", "uint64_param or int64_param", {Kind::uint64, Kind::int64}},
    {"timeout", "int64_param", {Kind::int64}},
    {"sequence_id",
     "int64_param, uint64_param or string_param",
     {Kind::int64, Kind::uint64, Kind::string}},
    {"sequence_start", "bool_param", {Kind::boolean}},
    {"sequence_end", "bool_param", {Kind::boolean}},
    {"binary_data_output", "bool_param", {Kind::boolean}},
    {"triton_enable_empty_final_response", "bool_param", {Kind::boolean}},
    {"tiltyard_explain", "bool_param", {Kind::boolean}},
    {"tiltyard_synthetic", "bool_param", {Kind::boolean}},
    {"routing_key", "string_param", {Kind::string}},
};

Status check_kind(const ParameterView& parameter) {
  if (parameter.kind == Kind::none) {
    return make_error(Error::bad_parameter, {parameter.key, kRequest, "a value", "none"});
  }
  for (const Reserved& reserved : kReserved) {
    if (reserved.name != parameter.key) continue;
    for (const Kind kind : reserved.kinds) {
      if (kind == parameter.kind) return {};
    }
    return make_error(Error::bad_parameter,
                      {parameter.key, kRequest, reserved.expected, kind_name(parameter.kind)});
  }
  if (parameter.key.starts_with("triton_") || parameter.key.starts_with("tiltyard_")) {
    return make_error(Error::unknown_parameter, {parameter.key, kRequest});
  }
  return {};
}

// Id 0 or "" says that the request belongs to no sequence.
bool is_in_a_sequence(const ParameterView& parameter) {
  if (parameter.key != "sequence_id") return false;
  switch (parameter.kind) {
    case Kind::int64:
      return parameter.int64 != 0;
    case Kind::uint64:
      return parameter.uint64 != 0;
    case Kind::string:
      return !parameter.string.empty();
    default:
      return false;
  }
}

Status refuse(const ParameterView& parameter, std::string_view whose, std::string_view why) {
  return make_error(Error::unsupported_parameter, {parameter.key, whose, why});
}

std::string input_text(BytesView name) {
  return "input '" + std::string(name) + "'";
}
std::string output_text(BytesView name) {
  return "output '" + std::string(name) + "'";
}

}  // namespace

Status check_request_parameters(const std::vector<ParameterView>& parameters) {
  for (const ParameterView& parameter : parameters) {
    if (Status status = check_kind(parameter); !status.ok()) return status;
    if (is_in_a_sequence(parameter)) return refuse(parameter, kRequest, kNoSequences);
  }
  return {};
}

Status check_input_parameters(BytesView name, const std::vector<ParameterView>& parameters) {
  for (const ParameterView& parameter : parameters) {
    if (parameter.key.starts_with("shared_memory_")) {
      return refuse(parameter, input_text(name), kNoSharedMemory);
    }
  }
  return {};
}

Status check_output_parameters(BytesView name, const std::vector<ParameterView>& parameters) {
  for (const ParameterView& parameter : parameters) {
    if (parameter.key.starts_with("shared_memory_")) {
      return refuse(parameter, output_text(name), kNoSharedMemory);
    }
    if (parameter.key == "classification") {
      return refuse(parameter, output_text(name), kNoClassification);
    }
  }
  return {};
}

}  // namespace tiltyard
