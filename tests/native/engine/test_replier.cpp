#include <doctest/doctest.h>

#include <string>

#include "engine/io_fixture.h"
#include "engine/replier.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr char kInfer[] = "/inference.GRPCInferenceService/ModelInfer";
constexpr char kStream[] = "/inference.GRPCInferenceService/ModelStreamInfer";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";

// A greeted client; what it sends is read and answered by the test.
struct Talk {
  Talk() : client(io.connect()) { io.settle(*client); }
  ReplyTo to(size_t index) { return io.receiver.messages()[index].to; }
  void answer(const ReplyTo& to, BytesView text) {
    io.replier.answer(to, [text](Bytes& out) { out.append(text); });
  }
  void deliver() {
    io.write(0);
    client->read_available();
  }

  IoParts io;
  std::unique_ptr<GrpcTestClient> client;
};

}  // namespace

TEST_CASE("answers of a stream go out in the order of its messages, whoever is first") {
  Talk talk;
  const int32_t stream = talk.client->open(kStream);
  for (int i = 0; i < 4; ++i) talk.client->send_message(stream, "q", i == 3);
  talk.io.read();
  REQUIRE(talk.io.receiver.messages().size() == 4);
  talk.answer(talk.to(2), "two");
  talk.answer(talk.to(1), "one");
  talk.deliver();
  CHECK(talk.client->reply(stream).messages.empty());
  talk.answer(talk.to(0), "zero");
  talk.deliver();
  CHECK(talk.client->reply(stream).messages == std::vector<std::string>{"zero", "one", "two"});
  CHECK_FALSE(talk.client->reply(stream).closed);
  talk.answer(talk.to(3), "three");
  talk.deliver();
  CHECK(talk.client->reply(stream).messages.size() == 4);
  CHECK(talk.client->reply(stream).status == 0);
}

TEST_CASE("an error on a stream is a message of its own, unless the client asked for the end") {
  Talk talk;
  const int32_t stream = talk.client->open(kStream);
  const int32_t strict = talk.client->open(kStream, {{"triton_grpc_error", "true"}});
  talk.client->send_message(stream, "q", false);
  talk.client->send_message(strict, "q", false);
  talk.io.read();
  REQUIRE(talk.io.receiver.messages().size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    talk.io.replier.fail(talk.to(i), make_error(Error::unknown_model, {"nobody"}), "id-1");
  }
  talk.deliver();
  const GrpcReply& open = talk.client->reply(stream);
  CHECK_FALSE(open.closed);
  REQUIRE(open.messages.size() == 1);
  CHECK(open.messages[0].find("model 'nobody' is not found") != std::string::npos);
  CHECK(open.messages[0].find("id-1") != std::string::npos);
  const GrpcReply& ended = talk.client->reply(strict);
  CHECK(ended.status == static_cast<int>(GrpcCode::not_found));
  CHECK(ended.messages.empty());
  CHECK(talk.io.counters.errors[static_cast<size_t>(Error::unknown_model)].get() == 2);
}

TEST_CASE("an error of a unary call is in its one header block, and only overload says when") {
  Talk talk;
  const int32_t unknown = talk.client->send(kInfer, "q");
  const int32_t full = talk.client->send(kInfer, "q");
  talk.io.read();
  talk.io.replier.fail(talk.to(0), make_error(Error::unknown_model, {"50% off"}));
  talk.io.replier.fail(talk.to(1), make_error(Error::queue_full, {"m", "4"}));
  talk.deliver();
  const GrpcReply& first = talk.client->reply(unknown);
  CHECK(first.status == static_cast<int>(GrpcCode::not_found));
  CHECK(first.message == "model '50%25 off' is not found");
  CHECK(first.headers.at(":status") == "200");
  CHECK_FALSE(first.headers.contains("grpc-retry-pushback-ms"));
  const GrpcReply& second = talk.client->reply(full);
  CHECK(second.status == static_cast<int>(GrpcCode::unavailable));
  CHECK(second.headers.at("grpc-retry-pushback-ms") == "50");
}

TEST_CASE("a client that sends and accepts gzip is answered in gzip") {
  Talk talk;
  const int32_t zipped = talk.client->send(
      kInfer, "q", {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity,gzip"}});
  const int32_t plain = talk.client->send(kInfer, "q", {{"grpc-encoding", "gzip"}});
  talk.io.read();
  const std::string text(1'000, 't');
  talk.answer(talk.to(0), text);
  talk.answer(talk.to(1), text);
  talk.deliver();
  const GrpcReply& reply = talk.client->reply(zipped);
  CHECK(reply.headers.at("grpc-encoding") == "gzip");
  REQUIRE(reply.messages.size() == 1);
  CHECK(reply.messages[0].size() < 100);
  CHECK(inflate(reply.messages[0]) == text);
  CHECK(talk.client->reply(plain).messages == std::vector<std::string>{text});
  CHECK_FALSE(talk.client->reply(plain).headers.contains("grpc-encoding"));
}

TEST_CASE("an answer to a call that has gone, or that has ended, is dropped") {
  Talk talk;
  const int32_t gone = talk.client->send(kInfer, "q");
  const int32_t ended = talk.client->send(kInfer, "q");
  talk.io.read();
  const ReplyTo to_gone = talk.to(0), to_ended = talk.to(1);
  talk.client->reset(gone);
  talk.io.read();
  talk.io.replier.fail(to_ended, make_error(Error::starting));
  talk.answer(to_gone, "late");
  talk.answer(to_ended, "late");
  talk.io.replier.answer_framed(to_gone, Bytes(5, '\0'));
  talk.io.replier.fail(to_gone, make_error(Error::starting));
  talk.deliver();
  CHECK(talk.client->reply(gone).messages.empty());
  CHECK(talk.client->reply(ended).messages.empty());
  CHECK(talk.client->reply(ended).status == static_cast<int>(GrpcCode::unavailable));
  CHECK(talk.io.calls.open() == 0);
  CHECK(talk.io.counters.errors[static_cast<size_t>(Error::starting)].get() == 1);
}

TEST_CASE("a slot that is used again never gets the answer to the call before") {
  Talk talk;
  const int32_t old_stream = talk.client->send(kInfer, "old");
  talk.io.read();
  const ReplyTo to_old = talk.to(0);
  talk.client->reset(old_stream);
  const int32_t new_stream = talk.client->send(kInfer, "new");
  talk.io.read();
  const ReplyTo to_new = talk.to(0);
  REQUIRE(to_new.call.index == to_old.call.index);
  REQUIRE(to_new.call.generation != to_old.call.generation);
  talk.answer(to_old, "answer to old");
  talk.answer(to_new, "answer to new");
  talk.deliver();
  CHECK(talk.client->reply(new_stream).messages == std::vector<std::string>{"answer to new"});
}

TEST_CASE("a watch takes further messages until it is ended, and the end is said once") {
  Talk talk;
  const int32_t watch = talk.client->send(kWatch, "");
  talk.io.read();
  Call& call = *talk.io.calls.find(talk.to(0).call);
  talk.answer(talk.to(0), "one");
  talk.deliver();
  talk.io.replier.push(call, [](Bytes& out) { out.append("two"); });
  talk.io.replier.end(call, make_error(Error::draining));
  talk.io.replier.end(call, make_error(Error::starting));
  talk.deliver();
  const GrpcReply& reply = talk.client->reply(watch);
  CHECK(reply.messages == std::vector<std::string>{"one", "two"});
  CHECK(reply.status == static_cast<int>(GrpcCode::unavailable));
  CHECK(reply.message == make_error(Error::draining).message);
}

TEST_CASE("a large answer goes out as the client's window opens, and whole") {
  Talk talk;
  const int32_t stream = talk.client->send(kInfer, "q");
  talk.io.read();
  std::string large(1'000'000, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31);
  talk.answer(talk.to(0), large);
  for (int i = 0; i < 1'000 && !talk.client->reply(stream).closed; ++i) {
    talk.deliver();
    talk.io.read();
  }
  CHECK(talk.client->reply(stream).messages == std::vector<std::string>{large});
  CHECK(talk.client->reply(stream).status == 0);
}
