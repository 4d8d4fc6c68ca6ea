#include <doctest/doctest.h>

#include <cstring>
#include <protozero/pbf_writer.hpp>

#include "infer/record_source.h"
#include "record_requests.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint32_t kFp32Contents = 6, kBytesContents = 8;

// x FP32 [-1,2], s BYTES [-1] and b FP32 [] to y FP32 [-1,2] and t BYTES [-1].
Signature signature() {
  return {{spec("x", DataType::FP32, {-1, 2}), spec("s", DataType::BYTES, {-1}),
           spec("b", DataType::FP32, {})},
          {spec("y", DataType::FP32, {-1, 2}), spec("t", DataType::BYTES, {-1})}};
}

RecordTensors all_of(const Signature& signature) {
  RecordTensors tensors;
  tensors.inputs = {0, 1, 2};
  for (const TensorSpec& output : signature.outputs) tensors.outputs.push_back(&output);
  return tensors;
}

float value(const RecordTensor& tensor, size_t row, size_t column) {
  float found = 0;
  std::memcpy(&found, tensor.data + (row * tensor.step + column) * sizeof found, sizeof found);
  return found;
}

}  // namespace

TEST_CASE("rows of raw and typed inputs are the same") {
  const Signature of = signature();
  const RecordTensors tensors = all_of(of);
  Bytes x, s;
  protozero::pbf_writer floats(x), texts(s);
  const std::vector<float> values = {1, 2, 3, 4};
  floats.add_packed_float(kFp32Contents, values.begin(), values.end());
  texts.add_bytes(kBytesContents, "de", 2);
  texts.add_bytes(kBytesContents, "", size_t{0});
  Bytes b;
  const std::vector<float> bias = {0.5f};
  protozero::pbf_writer(b).add_packed_float(kFp32Contents, bias.begin(), bias.end());

  RecordedRequest raw_one(of, 2), typed_one(of, 2);
  raw_one.input({2, 2}, raw(values)).input({2}, framed({"de", ""})).input({}, raw(bias));
  typed_one.contents({2, 2}, x).contents({2}, s).contents({}, b);
  RecordSource source;
  for (const RecordedRequest* request : {&raw_one, &typed_one}) {
    source.set_request(tensors, request->bound);
    REQUIRE(source.rows() == 2);
    CHECK(source.tensor(0).width == 2);
    CHECK(value(source.tensor(0), 0, 1) == 2);
    CHECK(value(source.tensor(0), 1, 0) == 3);
    CHECK(source.tensor(1).width == 1);
    CHECK(source.tensor(1).strings[0] == "de");
    CHECK(source.tensor(1).strings[1].empty());
    CHECK(source.tensor(2).width == 1);
    CHECK(value(source.tensor(2), 1, 0) == 0.5f);  // every row's
    CHECK_FALSE(source.tensor(3).is_there);
    source.trim();
  }
}

TEST_CASE("outputs are found by their spec; one that was not asked for is missing") {
  const Signature of = signature();
  const RecordTensors tensors = all_of(of);
  RecordedRequest request(of, 2);
  request.input({2, 2}, raw<float>({1, 2, 3, 4})).input({2}, framed({"a", "b"}));
  request.input({}, raw<float>({0}));
  request.output(1, {2}, framed({"yes", "no"}));
  RecordSource source;
  source.set_request(tensors, request.bound);
  source.set_outputs(request.outputs);
  CHECK_FALSE(source.tensor(3).is_there);
  REQUIRE(source.tensor(4).is_there);
  CHECK(source.tensor(4).strings[1] == "no");
  request.output(0, {2, 2}, raw<float>({5, 6, 7, 8}));
  source.set_outputs(request.outputs);
  CHECK(value(source.tensor(3), 1, 1) == 8);
}

TEST_CASE("one row is all of a tensor, and an output with other rows says nothing of several") {
  const Signature of = signature();
  const RecordTensors tensors = all_of(of);
  RecordedRequest one(of, 1), two(of, 2);
  one.input({1, 2}, raw<float>({1, 2})).input({3}, framed({"a", "b", "c"}));
  one.input({}, raw<float>({0})).output(0, {2, 2}, raw<float>({5, 6, 7, 8}));
  two.input({2, 2}, raw<float>({1, 2, 3, 4})).input({2}, framed({"a", "b"}));
  two.input({}, raw<float>({0})).output(0, {1, 2}, raw<float>({5, 6}));
  RecordSource source;
  source.set_request(tensors, one.bound);
  source.set_outputs(one.outputs);
  CHECK(source.tensor(1).width == 3);
  CHECK(source.tensor(3).width == 4);
  source.set_request(tensors, two.bound);
  source.set_outputs(two.outputs);
  CHECK_FALSE(source.tensor(3).is_there);
}

TEST_CASE("without rows all of a tensor is one, whatever its first dimension") {
  const Signature of = signature();
  RecordTensors tensors = all_of(of);
  tensors.has_rows = false;
  RecordedRequest request(of, 2);
  request.input({2, 2}, raw<float>({1, 2, 3, 4})).input({2}, framed({"a", "b"}));
  request.input({}, raw<float>({0}));
  RecordSource source;
  source.set_request(tensors, request.bound);
  CHECK(source.rows() == 1);
  CHECK(source.tensor(0).width == 4);
}

TEST_CASE("a reply's outputs are matched by name and datatype") {
  const Signature of = signature();
  const RecordTensors tensors = all_of(of);
  RecordedRequest request(of, 1);
  request.input({1, 2}, raw<float>({1, 2})).input({1}, framed({"a"})).input({}, raw<float>({0}));
  const Bytes scores = raw<float>({3, 4, 5}), label = raw<int64_t>({1});
  InferResponseView reply;
  reply.outputs.push_back({"other", {DataType::FP32, dims({1, 3}), scores}});
  reply.outputs.push_back({"t", {DataType::INT64, dims({1}), label}});  // here it is a BYTES
  reply.outputs.push_back({"y", {DataType::FP32, dims({1, 3}), scores}});
  RecordSource source;
  source.set_request(tensors, request.bound);
  source.set_reply(reply);
  CHECK(source.tensor(3).width == 3);
  CHECK(value(source.tensor(3), 0, 2) == 5);
  CHECK_FALSE(source.tensor(4).is_there);
}
