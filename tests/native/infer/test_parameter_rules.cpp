#include <doctest/doctest.h>

#include <string>

#include "infer/parameter_rules.h"

using namespace tiltyard;

namespace {

using Kind = ParameterView::Kind;

ParameterView of_kind(BytesView key, Kind kind) {
  ParameterView parameter;
  parameter.key = key;
  parameter.kind = kind;
  return parameter;
}

ParameterView number(BytesView key, int64_t value) {
  ParameterView parameter = of_kind(key, Kind::int64);
  parameter.int64 = value;
  return parameter;
}

constexpr Kind kValues[] = {Kind::boolean, Kind::int64, Kind::string, Kind::float64, Kind::uint64};

}  // namespace

TEST_CASE("a caller's own parameter may have any value but must have one") {
  for (const Kind kind : kValues) {
    CHECK(check_request_parameters({of_kind("tenant", kind)}).ok());
  }
  const Status status = check_request_parameters({of_kind("tenant", Kind::none)});
  CHECK(status.error == Error::bad_parameter);
  CHECK(status.message == "parameter 'tenant' of the request: expected a value, got none");
}

TEST_CASE("a reserved name takes its own types and no other") {
  struct Case {
    const char* name;
    std::vector<Kind> allowed;
  };
  const Case cases[] = {
      {"priority", {Kind::uint64, Kind::int64}},
      {"timeout", {Kind::int64}},
      {"sequence_id", {Kind::int64, Kind::uint64, Kind::string}},
      {"sequence_start", {Kind::boolean}},
      {"sequence_end", {Kind::boolean}},
      {"binary_data_output", {Kind::boolean}},
      {"triton_enable_empty_final_response", {Kind::boolean}},
      {"tiltyard_explain", {Kind::boolean}},
      {"tiltyard_synthetic", {Kind::boolean}},
      {"routing_key", {Kind::string}},
  };
  for (const Case& c : cases) {
    for (const Kind kind : kValues) {
      bool allowed = false;
      for (const Kind one : c.allowed) allowed = allowed || one == kind;
      const Status status = check_request_parameters({of_kind(c.name, kind)});
      CHECK_MESSAGE(status.ok() == allowed, c.name);
      if (!allowed) CHECK(status.error == Error::bad_parameter);
    }
  }
  CHECK(check_request_parameters({of_kind("timeout", Kind::string)}).message ==
        "parameter 'timeout' of the request: expected int64_param, got string_param");
}

TEST_CASE("other names of triton's are reserved") {
  CHECK(check_request_parameters({of_kind("triton_anything", Kind::int64)}).error ==
        Error::unknown_parameter);
}

TEST_CASE("a request that belongs to a sequence is refused; id 0 belongs to none") {
  CHECK(check_request_parameters({number("sequence_id", 0)}).ok());
  CHECK(check_request_parameters({number("sequence_id", 7)}).error == Error::unsupported_parameter);
  ParameterView text = of_kind("sequence_id", Kind::string);
  CHECK(check_request_parameters({text}).ok());
  text.string = "session";
  CHECK(check_request_parameters({text}).error == Error::unsupported_parameter);
  ParameterView unsigned_id = of_kind("sequence_id", Kind::uint64);
  unsigned_id.uint64 = 1;
  CHECK(check_request_parameters({number("timeout", 1), unsigned_id}).error ==
        Error::unsupported_parameter);
}

TEST_CASE("shared memory and classification are refused where clients ask for them") {
  const std::vector<ParameterView> region = {of_kind("shared_memory_region", Kind::string)};
  const std::vector<ParameterView> classes = {number("classification", 3)};
  const Status input = check_input_parameters("x", region);
  CHECK(input.error == Error::unsupported_parameter);
  CHECK(
      input.message.starts_with("parameter 'shared_memory_region' of input 'x' is not supported"));
  CHECK(check_output_parameters("y", region).error == Error::unsupported_parameter);
  const Status output = check_output_parameters("y", classes);
  CHECK(output.error == Error::unsupported_parameter);
  CHECK(output.message.find("output 'y'") != std::string::npos);
  CHECK(check_input_parameters("x", {number("binary_data_size", 4)}).ok());
  CHECK(check_output_parameters("y", {of_kind("binary_data", Kind::boolean)}).ok());
}
