#include <doctest/doctest.h>

#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "infer/response_encode.h"

using namespace tiltyard;

namespace {

struct DecodedOutput {
  std::string name, datatype;
  std::vector<int64_t> shape;
};

struct Decoded {
  std::string model, version, id;
  std::vector<DecodedOutput> outputs;
  std::vector<std::string> raw;
};

DecodedOutput decode_output(protozero::pbf_reader reader) {
  DecodedOutput output;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        output.name = reader.get_string();
        break;
      case 2:
        output.datatype = reader.get_string();
        break;
      case 3:
        for (const int64_t dim : reader.get_packed_int64()) output.shape.push_back(dim);
        break;
      default:
        FAIL("an output has the fields 1 to 3 only");
    }
  }
  return output;
}

Decoded decode(const std::string& message) {
  Decoded decoded;
  protozero::pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        decoded.model = reader.get_string();
        break;
      case 2:
        decoded.version = reader.get_string();
        break;
      case 3:
        decoded.id = reader.get_string();
        break;
      case 5:
        decoded.outputs.push_back(decode_output(reader.get_message()));
        break;
      case 6:
        decoded.raw.push_back(reader.get_bytes());
        break;
      default:
        FAIL("a response has the fields 1 to 3, 5 and 6 only");
    }
  }
  return decoded;
}

TensorSpec spec(std::string name, DataType type) {
  return {std::move(name), type, {}, {}};
}

OutputView output(const TensorSpec& spec, const std::vector<int64_t>& dims, BytesView data) {
  OutputView view;
  view.spec = &spec;
  for (const int64_t dim : dims) REQUIRE(view.shape.try_push(dim));
  view.data = data;
  return view;
}

}  // namespace

TEST_CASE("a response holds its head, and for each output its description and its raw bytes") {
  const TensorSpec label = spec("label", DataType::INT64), score = spec("score", DataType::FP32);
  const Bytes scores(1'000 * 4, 's');
  const OutputView outputs[] = {output(label, {1, 1}, "12345678"),
                                output(score, {1'000, 1}, scores)};
  Bytes message;
  append_infer_response({"fraud", "12", "id-1"}, outputs, message);
  const Decoded decoded = decode(message);
  CHECK(decoded.model == "fraud");
  CHECK(decoded.version == "12");
  CHECK(decoded.id == "id-1");
  REQUIRE(decoded.outputs.size() == 2);
  CHECK(decoded.outputs[0].name == "label");
  CHECK(decoded.outputs[0].datatype == "INT64");
  CHECK(decoded.outputs[0].shape == std::vector<int64_t>{1, 1});
  CHECK(decoded.outputs[1].datatype == "FP32");
  CHECK(decoded.outputs[1].shape == std::vector<int64_t>{1'000, 1});
  CHECK(decoded.raw == std::vector<std::string>{"12345678", scores});
}

TEST_CASE("the bytes are proto3's: fields in order, empty ones left out") {
  const TensorSpec y = spec("y", DataType::BOOL);
  const OutputView one[] = {output(y, {}, "\1")};
  Bytes message = "kept";
  append_infer_response({"m", "", ""}, one, message);
  CHECK(message == Bytes("kept"
                         "\x0a\x01m"
                         "\x2a\x09\x0a\x01y\x12\x04"
                         "BOOL"
                         "\x32\x01\x01"));
}

TEST_CASE("an output without rows keeps its place among the raw entries") {
  const TensorSpec a = spec("a", DataType::FP32), b = spec("b", DataType::BYTES);
  const BytesView empty_string("\0\0\0\0", 4);
  const OutputView outputs[] = {output(a, {0, 3}, ""), output(b, {1}, empty_string)};
  Bytes message;
  append_infer_response({"m", "1", ""}, outputs, message);
  const Decoded decoded = decode(message);
  CHECK(decoded.outputs[0].shape == std::vector<int64_t>{0, 3});
  REQUIRE(decoded.raw.size() == 2);
  CHECK(decoded.raw[0].empty());
  CHECK(decoded.raw[1] == empty_string);
}

TEST_CASE("lengths on either side of a varint's sizes agree with what follows") {
  const TensorSpec y = spec("y", DataType::UINT8);
  for (const size_t bytes : {0, 1, 90, 127, 128, 16'300, 16'383, 16'384, 2'097'151, 2'097'152}) {
    const Bytes data(bytes, 'd');
    const OutputView one[] = {output(y, {static_cast<int64_t>(bytes)}, data)};
    Bytes plain, stream;
    append_infer_response({"m", "1", ""}, one, plain);
    CHECK(decode(plain).raw.at(0) == data);
    append_stream_response({"m", "1", ""}, one, stream);
    protozero::pbf_reader reader(stream);
    REQUIRE(reader.next(2));
    CHECK(reader.get_bytes() == plain);
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("a stream's error carries the id inside an otherwise empty response") {
  Bytes message;
  append_stream_error("model 'x' is not found", "id-7", message);
  protozero::pbf_reader reader(message);
  REQUIRE(reader.next(1));
  CHECK(reader.get_string() == "model 'x' is not found");
  REQUIRE(reader.next(2));
  CHECK(decode(reader.get_bytes()).id == "id-7");
  Bytes without_id;
  append_stream_error("e", "", without_id);
  CHECK(without_id == Bytes("\x0a\x01"
                            "e"
                            "\x12\x00",
                            5));
}

TEST_CASE("an explanation is three parameters, and the bucket is left out where there is none") {
  const ReplyExplanation explained{"canary", 300, 65'535};
  ReplyExplanation unhashed = explained;
  unhashed.bucket = -1;
  for (const ReplyExplanation& explanation : {explained, unhashed}) {
    const ReplyHead head{"m", "2", "id", &explanation};
    Bytes plain;
    append_infer_response(head, {}, plain);
    std::vector<std::string> keys;
    protozero::pbf_reader reader(plain);
    while (reader.next()) {
      if (reader.tag() != 4) {
        reader.skip();
        continue;
      }
      protozero::pbf_reader entry = reader.get_message();
      REQUIRE(entry.next(1));
      keys.push_back(entry.get_string());
      REQUIRE(entry.next(2));
      protozero::pbf_reader value = entry.get_message();
      REQUIRE(value.next());
      if (keys.back() == "tiltyard_role") CHECK(value.get_string() == "canary");
      if (keys.back() == "tiltyard_epoch") CHECK(value.get_int64() == 300);
      if (keys.back() == "tiltyard_bucket") CHECK(value.get_int64() == 65'535);
    }
    CHECK(keys.size() == (explanation.bucket < 0 ? 2 : 3));
  }
}
