#include <doctest/doctest.h>

#include <protozero/pbf_writer.hpp>
#include <vector>

#include "infer/response_decode.h"
#include "infer/response_encode.h"

using namespace tiltyard;

namespace {

OutputView output(const TensorSpec& spec, const std::vector<int64_t>& dims, BytesView data) {
  OutputView view;
  view.spec = &spec;
  for (const int64_t dim : dims) REQUIRE(view.shape.try_push(dim));
  view.data = data;
  return view;
}

std::vector<int64_t> dims_of(const TensorView& tensor) {
  return {tensor.shape.begin(), tensor.shape.end()};
}

// Every wire kind that a reply has, and some that it has not.
Bytes reply() {
  const TensorSpec label{"label", DataType::INT64, {}, {}}, name{"name", DataType::BYTES, {}, {}};
  const OutputView outputs[] = {output(label, {2, 1}, "12345678abcdefgh"),
                                output(name, {0, 3}, "")};
  Bytes message;
  append_infer_response({"fraud", "12", "id-1"}, outputs, message);
  return message;
}

}  // namespace

TEST_CASE("what the encoder has written is read again, as views into it") {
  const Bytes message = reply();
  InferResponseView response;
  for (int again = 0; again < 2; ++again) {  // a view is reused
    REQUIRE(decode_infer_response(message, response).ok());
    REQUIRE(response.outputs.size() == 2);
    CHECK(response.outputs[0].name == "label");
    CHECK(response.outputs[0].tensor.type == DataType::INT64);
    CHECK(dims_of(response.outputs[0].tensor) == std::vector<int64_t>{2, 1});
    CHECK(response.outputs[0].tensor.data == "12345678abcdefgh");
    CHECK(response.outputs[0].tensor.data.data() > message.data());
    CHECK(response.outputs[1].name == "name");
    CHECK(response.outputs[1].tensor.type == DataType::BYTES);
    CHECK(dims_of(response.outputs[1].tensor) == std::vector<int64_t>{0, 3});
    CHECK(response.outputs[1].tensor.data.empty());
  }
}

TEST_CASE("a stream's reply is read from inside its wrapping") {
  const TensorSpec y{"y", DataType::FP32, {}, {}};
  const OutputView one[] = {output(y, {}, "abcd")};
  Bytes message;
  append_stream_response({"m", "1", ""}, one, message);
  InferResponseView response;
  REQUIRE(decode_stream_response(message, response).ok());
  REQUIRE(response.outputs.size() == 1);
  CHECK(response.outputs[0].tensor.data == "abcd");
  CHECK(response.outputs[0].tensor.shape.rank == 0);

  Bytes error;
  append_stream_error("it failed", "id", error);
  REQUIRE(decode_stream_response(error, response).ok());
  CHECK(response.outputs.empty());
  CHECK(decode_stream_response("\x0a\x01"
                               "e",
                               response)
            .error == Error::malformed_message);
}

TEST_CASE("what else a reply says is passed over") {
  Bytes message = reply();
  std::string parameter;
  protozero::pbf_writer(parameter).add_string(1, "tiltyard_role");
  protozero::pbf_writer(message).add_message(4, parameter);
  protozero::pbf_writer(message).add_uint32(5, 7);  // another wire type than an output's
  InferResponseView response;
  REQUIRE(decode_infer_response(message, response).ok());
  CHECK(response.outputs.size() == 2);
}

TEST_CASE("a shape may come unpacked") {
  std::string output, message;
  protozero::pbf_writer o(output);
  o.add_string(1, "y");
  o.add_string(2, "BF16");
  o.add_int64(3, 4);
  o.add_int64(3, 2);
  protozero::pbf_writer(message).add_message(5, output);
  protozero::pbf_writer(message).add_bytes(6, "");
  InferResponseView response;
  REQUIRE(decode_infer_response(message, response).ok());
  CHECK(dims_of(response.outputs[0].tensor) == std::vector<int64_t>{4, 2});
}

TEST_CASE("no prefix of a reply is taken for a reply with other outputs") {
  const Bytes message = reply();
  InferResponseView response;
  for (size_t bytes = 0; bytes < message.size(); ++bytes) {
    const Status status = decode_infer_response(BytesView(message).substr(0, bytes), response);
    if (!status.ok()) CHECK(status.error == Error::malformed_message);
    if (status.ok()) CHECK(response.outputs.empty());
  }
}

TEST_CASE("outputs and raw entries that do not pair up are refused, and so is a strange datatype") {
  InferResponseView response;
  Bytes unpaired = reply();
  protozero::pbf_writer(unpaired).add_bytes(6, "more");
  CHECK(decode_infer_response(unpaired, response).error == Error::malformed_message);

  std::string output, lonely;
  protozero::pbf_writer(output).add_string(2, "FP33");
  protozero::pbf_writer(lonely).add_message(5, output);
  CHECK(decode_infer_response(lonely, response).error == Error::malformed_message);

  std::string deep, rank;
  for (int i = 0; i <= kTensorRankMax; ++i) protozero::pbf_writer(deep).add_int64(3, 1);
  protozero::pbf_writer(rank).add_message(5, deep);
  CHECK(decode_infer_response(rank, response).error == Error::malformed_message);
}
