// Streams and broken calls, through a real engine.
#include <doctest/doctest.h>

#include "engine/rpc_receiver.h"
#include "engine_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE(
    "a message that is not needed any more gives back its charge, and memory beyond a little") {
  ByteBudget budget(1'000'000);
  ReceivedMessage received;
  received.message.owned.assign(500'000, 'x');
  REQUIRE(received.charge.try_set(budget, 500'000));
  received.trim();
  CHECK(budget.in_use() == 0);
  CHECK(received.message.owned.capacity() <= kMessageBytesKept);
}

TEST_CASE("a stream answers in order, errors keep it open, and it ends when the client ends") {
  for (uint32_t inline_us : {300u, 0u}) {
    EngineOptions options;
    options.limits.inline_run_us_max = inline_us;
    options.worker_threads = 2;
    ServingEngine serving(options);
    serving.publish({serving.load(1, 2)});
    GrpcTestClient client(serving.port);
    const int32_t stream = client.open(kStream);
    for (int i = 0; i < 50; ++i) {
      const std::string model = i % 10 == 3 ? "nobody" : "scale";
      const auto value = static_cast<float>(i);
      client.send_message(stream, infer_request(model, {value, 0}, std::to_string(i)), i == 49);
    }
    const GrpcReply& reply = client.wait(stream);
    CHECK(reply.status == 0);
    REQUIRE(reply.messages.size() == 50);
    for (int i = 0; i < 50; ++i) {
      std::string error;
      const InferReply parsed = parse_stream_reply(reply.messages[static_cast<size_t>(i)], error);
      CHECK(parsed.id == std::to_string(i));
      CHECK(error.empty() == (i % 10 != 3));
      if (error.empty()) CHECK(parsed.values.at(0) == static_cast<float>(2 * i));
    }
  }
}

TEST_CASE("a stream that sends faster than it is answered is held back and loses nothing") {
  EngineOptions options;
  options.limits.inline_run_us_max = 0;
  options.limits.stream_messages_in_flight_max = 4;
  options.limits.stream_window_bytes = 65'535;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const int32_t stream = client.open(kStream);
  constexpr int kMessages = 3'000;
  for (int i = 0; i < kMessages; ++i) {
    client.send_message(stream, infer_request("scale", {static_cast<float>(i), 0}),
                        i == kMessages - 1);
  }
  const GrpcReply& reply = client.wait(stream);
  CHECK(reply.status == 0);
  REQUIRE(reply.messages.size() == kMessages);
  for (int i = 0; i < kMessages; ++i) {
    std::string error;
    const InferReply parsed = parse_stream_reply(reply.messages[static_cast<size_t>(i)], error);
    REQUIRE(parsed.values.at(0) == static_cast<float>(2 * i));
  }
  uint64_t held = 0;
  for (const auto& io : serving.engine.io_threads()) held += io->counters().input_held.get();
  CHECK(held > 0);
}

TEST_CASE("what came whole on a stream is answered before the stream ends for what came broken") {
  for (uint32_t inline_us : {300u, 0u}) {
    for (const std::string& broken :
         {std::string("\7\0\0\0\1x", 6), std::string("\0\0\0\0\5xy", 7)}) {
      EngineOptions options;
      options.limits.inline_run_us_max = inline_us;
      ServingEngine serving(options);
      serving.publish({serving.load(1, 2)});
      GrpcTestClient client(serving.port);
      const int32_t stream = client.open(kStream);
      std::string framed;
      for (int i = 0; i < 10; ++i) {
        const size_t begin = begin_frame(framed);
        framed += infer_request("scale", {static_cast<float>(i), 0});
        finish_frame(framed, begin, false);
      }
      client.send_bytes(stream, framed + broken, true);
      const GrpcReply& reply = client.wait(stream);
      CHECK(reply.status == static_cast<int>(GrpcCode::invalid_argument));
      CHECK(reply.message.find("framing") != std::string::npos);
      REQUIRE(reply.messages.size() == 10);
      for (int i = 0; i < 10; ++i) {
        std::string error;
        const InferReply parsed = parse_stream_reply(reply.messages[static_cast<size_t>(i)], error);
        CHECK(parsed.values.at(0) == static_cast<float>(2 * i));
      }
    }
  }
}

TEST_CASE("calls that are wrong before they are requests") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const std::string request = infer_request("scale", {1, 2});
  const auto status = [&](const std::string& path, const GrpcTestClient::Headers& extra = {}) {
    return static_cast<GrpcCode>(client.call(path, request, extra).status);
  };
  CHECK(status("/nobody/Knows") == GrpcCode::unimplemented);
  CHECK(status("/inference.GRPCInferenceService/TraceSetting") == GrpcCode::unimplemented);
  CHECK(status(kInfer, {{"grpc-encoding", "snappy"}}) == GrpcCode::unimplemented);
  CHECK(status(kInfer, {{"grpc-timeout", "soon"}}) == GrpcCode::invalid_argument);
  CHECK(status(kInfer, {{"big", std::string(20'000, 'x')}}) == GrpcCode::resource_exhausted);
  const GrpcReply wrong_type = client.call(kInfer, request, {{"content-type", "text/html"}});
  CHECK(wrong_type.headers.at(":status") == "415");
  const GrpcReply wrong_method = client.call(kInfer, request, {{":method", "GET"}});
  CHECK(wrong_method.headers.at(":status") == "405");
  CHECK(status(kInfer) == GrpcCode::ok);
}

TEST_CASE("a message that is torn over many frames is put together") {
  EngineOptions options;
  options.limits.message_bytes_max = 4'000'000;
  options.limits.batch_rows_max = 128;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  std::vector<float> values(200'000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const GrpcReply reply = client.call(kInfer, infer_request("scale", values));
  REQUIRE(reply.status == 0);
  for (float& value : values) value *= 2;
  CHECK(parse_reply(reply.messages.at(0)).values == values);
  const GrpcReply too_large =
      client.call(kInfer, infer_request("scale", std::vector<float>(2'000'000)));
  CHECK(too_large.status == static_cast<int>(GrpcCode::resource_exhausted));
  CHECK(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
}
