#include <doctest/doctest.h>

#include <algorithm>
#include <protozero/pbf_writer.hpp>
#include <string>

#include "infer/request_decode.h"

using namespace tiltyard;

namespace {

using protozero::pbf_writer;
using Kind = ParameterView::Kind;

// An InferParameter map entry; `write` fills in the value.
template <typename Write>
std::string entry(const std::string& key, Write write) {
  std::string value, out;
  pbf_writer fields(value);
  write(fields);
  pbf_writer writer(out);
  writer.add_string(1, key);
  writer.add_message(2, value);
  return out;
}

std::string number_entry(const std::string& key, int64_t value) {
  return entry(key, [value](pbf_writer& to) { to.add_int64(2, value); });
}

std::string input(const std::string& name, const std::vector<int64_t>& shape) {
  std::string out;
  pbf_writer writer(out);
  writer.add_string(1, name);
  writer.add_string(2, "FP32");
  writer.add_packed_int64(3, shape.begin(), shape.end());
  return out;
}

// A request with every field, the top-level ones at `ends`.
std::string full_request(std::vector<size_t>* ends = nullptr) {
  std::string out, contents, typed = input("typed", {1}), wanted;
  pbf_writer(contents).add_float(6, 1.5f);
  pbf_writer(typed).add_message(4, number_entry("binary_data_size", 4));
  pbf_writer(typed).add_message(5, contents);
  pbf_writer(wanted).add_string(1, "score");
  pbf_writer(wanted).add_message(2, number_entry("classification", 1));
  const auto add = [&](auto write) {
    pbf_writer writer(out);
    write(writer);
    if (ends != nullptr) ends->push_back(out.size());
  };
  add([](pbf_writer& w) { w.add_string(1, "fraud"); });
  add([](pbf_writer& w) { w.add_string(2, "3"); });
  add([](pbf_writer& w) { w.add_string(3, "id-1"); });
  add([](pbf_writer& w) { w.add_message(4, number_entry("priority", -2)); });
  add([](pbf_writer& w) { w.add_message(5, input("raw", {2, 2})); });
  add([&](pbf_writer& w) { w.add_message(5, typed); });
  add([&](pbf_writer& w) { w.add_message(6, wanted); });
  add([](pbf_writer& w) { w.add_bytes(7, std::string("\0\xff", 2)); });
  return out;
}

Error error_of(const std::string& message) {
  InferRequestView request;
  return decode_infer_request(message, request).error;
}

}  // namespace

TEST_CASE("every field is seen, as views into the message") {
  const std::string message = full_request();
  InferRequestView request;
  REQUIRE(decode_infer_request(message, request).ok());
  CHECK(request.model_name == "fraud");
  CHECK(request.model_version == "3");
  CHECK(request.id == "id-1");
  REQUIRE(request.parameters.size() == 1);
  CHECK(request.parameters[0].key == "priority");
  CHECK(request.parameters[0].int64 == -2);
  REQUIRE(request.inputs.size() == 2);
  CHECK(request.inputs[0].name == "raw");
  CHECK(request.inputs[0].datatype == "FP32");
  CHECK(shape_text(request.inputs[0].shape) == "[2,2]");
  CHECK(request.inputs[0].contents.empty());
  CHECK(request.inputs[1].contents.size() == 1);
  CHECK(request.inputs[1].contents_counts[6] == 1);
  CHECK(request.inputs[1].parameters.size() == 1);
  REQUIRE(request.outputs.size() == 1);
  CHECK(request.outputs[0].name == "score");
  CHECK(request.outputs[0].parameters.at(0).key == "classification");
  REQUIRE(request.raw_inputs.size() == 1);
  CHECK(request.raw_inputs[0] == BytesView("\0\xff", 2));
  CHECK(request.raw_inputs[0].data() == message.data() + message.size() - 2);
}

TEST_CASE("a request that is cut is malformed unless it is cut between two fields") {
  std::vector<size_t> ends = {0};
  const std::string message = full_request(&ends);
  for (size_t n = 0; n <= message.size(); ++n) {
    const bool between = std::find(ends.begin(), ends.end(), n) != ends.end();
    const std::string cut(message.data(), n);  // of its own, so that ASan sees a read beyond it
    CHECK(error_of(cut) == (between ? Error::none : Error::malformed_message));
  }
}

TEST_CASE("a request object that is used again shows nothing of before") {
  InferRequestView request;
  REQUIRE(decode_infer_request(full_request(), request).ok());
  std::string next;
  pbf_writer(next).add_message(5, std::string());
  pbf_writer(next).add_message(6, std::string());
  REQUIRE(decode_infer_request(next, request).ok());
  CHECK(request.model_name.empty());
  CHECK(request.id.empty());
  CHECK(request.parameters.empty());
  CHECK(request.raw_inputs.empty());
  REQUIRE(request.inputs.size() == 1);
  CHECK(request.inputs[0].name.empty());
  CHECK(request.inputs[0].shape.rank == 0);
  CHECK(request.inputs[0].rank == 0);
  CHECK(request.inputs[0].contents.empty());
  CHECK(request.inputs[0].contents_counts == ContentsCounts{});
  CHECK(request.inputs[0].parameters.empty());
  CHECK(request.outputs[0].name.empty());
  CHECK(request.outputs[0].parameters.empty());
}

TEST_CASE("the last of a field counts, of a oneof the last member, of a key the last entry") {
  std::string message;
  pbf_writer writer(message);
  writer.add_string(1, "first");
  writer.add_string(1, "last");
  writer.add_message(4, number_entry("b", 1));
  writer.add_message(4, number_entry("a", 1));
  writer.add_message(4, entry("b", [](pbf_writer& to) {
                       to.add_string(3, "text");
                       to.add_bool(1, true);
                     }));
  InferRequestView request;
  REQUIRE(decode_infer_request(message, request).ok());
  CHECK(request.model_name == "last");
  REQUIRE(request.parameters.size() == 2);
  const ParameterView& b =
      request.parameters[0].key == "b" ? request.parameters[0] : request.parameters[1];
  CHECK(b.kind == Kind::boolean);
  CHECK(b.boolean);
}

TEST_CASE("a parameter has each of its kinds") {
  std::string message;
  pbf_writer writer(message);
  writer.add_message(4, entry("bool", [](pbf_writer& to) { to.add_bool(1, true); }));
  writer.add_message(4, entry("int", [](pbf_writer& to) { to.add_int64(2, INT64_MIN); }));
  writer.add_message(4, entry("string", [](pbf_writer& to) { to.add_string(3, "text"); }));
  writer.add_message(4, entry("double", [](pbf_writer& to) { to.add_double(4, -2.5); }));
  writer.add_message(4, entry("uint", [](pbf_writer& to) { to.add_uint64(5, UINT64_MAX); }));
  writer.add_message(4, entry("none", [](pbf_writer&) {}));
  InferRequestView request;
  REQUIRE(decode_infer_request(message, request).ok());
  REQUIRE(request.parameters.size() == 6);
  for (const ParameterView& parameter : request.parameters) {
    if (parameter.key == "bool") CHECK(parameter.boolean);
    if (parameter.key == "int") CHECK(parameter.int64 == INT64_MIN);
    if (parameter.key == "string") CHECK(parameter.string == "text");
    if (parameter.key == "double") CHECK(parameter.float64 == -2.5);
    if (parameter.key == "uint") CHECK(parameter.uint64 == UINT64_MAX);
    CHECK((parameter.kind == Kind::none) == (parameter.key == "none"));
  }
}

TEST_CASE("shapes are the same packed or not; more dimensions than there may be are told of") {
  std::string mixed;
  pbf_writer writer(mixed);
  writer.add_int64(3, -1);
  const int64_t more[] = {2, INT64_MAX};
  writer.add_packed_int64(3, std::begin(more), std::end(more));
  std::string message;
  pbf_writer(message).add_message(5, mixed);
  pbf_writer(message).add_message(5, input("deep", std::vector<int64_t>(kTensorRankMax + 3, 1)));
  InferRequestView request;
  REQUIRE(decode_infer_request(message, request).ok());
  CHECK(shape_text(request.inputs[0].shape) == "[-1,2,9223372036854775807]");
  CHECK_FALSE(request.inputs[0].rank_too_large);
  CHECK(request.inputs[1].rank_too_large);
  CHECK(request.inputs[1].rank == kTensorRankMax + 3);
  CHECK(request.inputs[1].shape.rank == kTensorRankMax);
}

TEST_CASE("contents in several parts are kept apart and counted together") {
  std::string contents, tensor, message;
  pbf_writer(contents).add_float(6, 1);
  pbf_writer writer(tensor);
  writer.add_message(5, contents);
  writer.add_message(5, contents + contents);
  pbf_writer(message).add_message(5, tensor);
  InferRequestView request;
  REQUIRE(decode_infer_request(message, request).ok());
  CHECK(request.inputs[0].contents.size() == 2);
  CHECK(request.inputs[0].contents_counts[6] == 3);
}

TEST_CASE("unknown fields and groups are skipped; a known number of another type is unknown") {
  std::string message("\x5b\x08\x01\x5c", 4);  // group 11
  pbf_writer writer(message);
  writer.add_string(1, "fraud");
  writer.add_uint32(1, 9);
  writer.add_fixed64(7, 9);
  writer.add_string(1'000, "later");
  InferRequestView request;
  REQUIRE(decode_infer_request(message, request).ok());
  CHECK(request.model_name == "fraud");
  CHECK(request.raw_inputs.empty());
}

TEST_CASE("a map entry with a field of another kind is put aside whole") {
  std::string strange = number_entry("b", 1);
  pbf_writer(strange).add_uint32(9, 1);
  std::string message;
  pbf_writer(message).add_message(4, strange);
  pbf_writer(message).add_message(4, number_entry("a", 1));
  InferRequestView request;
  REQUIRE(decode_infer_request(message, request).ok());
  REQUIRE(request.parameters.size() == 1);
  CHECK(request.parameters[0].key == "a");
}

TEST_CASE("strings must be UTF-8 wherever they stand; raw bytes need not") {
  std::string name, raw, id;
  pbf_writer(name).add_message(5, input("\xff", {1}));
  pbf_writer(id).add_string(3, "\xc0\x80");
  pbf_writer(raw).add_bytes(7, "\xff");
  CHECK(error_of(name) == Error::malformed_message);
  CHECK(error_of(id) == Error::malformed_message);
  CHECK(error_of(raw) == Error::none);
}

TEST_CASE("a request object gives back what an unusual request made it grow to") {
  std::string unusual, usual = full_request();
  for (int i = 0; i < 4'000; ++i) {
    pbf_writer writer(unusual);
    writer.add_message(4, number_entry("p" + std::to_string(i), 1));
    writer.add_message(5, std::string());
    writer.add_message(6, std::string());
    writer.add_bytes(7, "");
  }
  InferRequestView request;
  REQUIRE(decode_infer_request(unusual, request).ok());
  CHECK(request.inputs.kept() >= 4'000);
  request.trim();
  CHECK(request.inputs.kept() == 0);
  CHECK(request.outputs.kept() == 0);
  CHECK(request.parameters.capacity() == 0);
  CHECK(request.raw_inputs.capacity() == 0);
  REQUIRE(decode_infer_request(usual, request).ok());
  const size_t kept = request.inputs.kept();
  request.trim();
  CHECK(request.inputs.kept() == kept);
}

TEST_CASE("more items than a request may have are refused, as many as it may are not") {
  const auto with_outputs = [](int n) {
    std::string message;
    for (int i = 0; i < n; ++i) message.append("\x32\x00", 2);
    return message;
  };
  CHECK(error_of(with_outputs(kRequestItemsMax)) == Error::none);
  InferRequestView request;
  const Status status = decode_infer_request(with_outputs(kRequestItemsMax + 1), request);
  CHECK(status.error == Error::malformed_message);
  CHECK(status.message.find("16384") != std::string::npos);
}
