#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "grpc/framing.h"

using namespace tiltyard;

namespace {

Bytes framed(BytesView message, bool compressed = false) {
  Bytes out;
  const size_t begin = begin_frame(out);
  out.append(message);
  finish_frame(out, begin, compressed);
  return out;
}

// Feeds `wire` in pieces of `piece` bytes and collects the messages.
std::vector<Bytes> assemble(const Bytes& wire, size_t piece, Status& error,
                            size_t limit = 1 << 20) {
  MessageAssembler assembler;
  std::vector<Bytes> messages;
  for (size_t at = 0; at < wire.size(); at += piece) {
    BytesView data = BytesView(wire).substr(at, piece);
    for (;;) {
      GrpcMessage message;
      const auto next = assembler.next(data, static_cast<uint32_t>(limit), message, error);
      if (next == MessageAssembler::Next::error) return messages;
      if (next == MessageAssembler::Next::none) break;
      messages.emplace_back(message.view);
    }
  }
  CHECK_FALSE(assembler.is_torn());
  return messages;
}

}  // namespace

TEST_CASE("messages come out the same however the wire is cut") {
  const std::vector<Bytes> sent = {"", "a", Bytes(300, 'x'), Bytes("\0\1\2", 3), ""};
  Bytes wire;
  for (const Bytes& message : sent) wire += framed(message);
  for (size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{64}, wire.size()}) {
    Status error;
    CHECK(sent == assemble(wire, piece, error));
    CHECK(error.ok());
  }
}

TEST_CASE("a message that lies whole in the input is seen in place") {
  const Bytes wire = framed("hello") + framed("world");
  MessageAssembler assembler;
  BytesView data = wire;
  GrpcMessage message;
  Status error;
  REQUIRE(assembler.next(data, 100, message, error) == MessageAssembler::Next::message);
  CHECK(message.view.data() == wire.data() + kGrpcPrefixBytes);
  CHECK(message.owned.empty());
}

TEST_CASE("a torn message is told of while it lasts") {
  const Bytes wire = framed("hello");
  MessageAssembler assembler;
  BytesView data = BytesView(wire).substr(0, 7);
  GrpcMessage message;
  Status error;
  CHECK(assembler.next(data, 100, message, error) == MessageAssembler::Next::none);
  CHECK(assembler.is_torn());
  CHECK(assembler.held_bytes() == 2);
}

TEST_CASE("a message over the limit is refused at its prefix, one at the limit is not") {
  Status error;
  CHECK(assemble(framed(Bytes(101, 'x')), 4, error, 100).empty());
  CHECK(error.error == Error::message_too_large);
  Status none;
  CHECK(assemble(framed(Bytes(100, 'x')), 4, none, 100).size() == 1);
  CHECK(none.ok());
}

TEST_CASE("a flag byte other than 0 or 1 is refused") {
  Bytes wire = framed("a");
  wire[0] = 2;
  Status error;
  CHECK(assemble(wire, 100, error).empty());
  CHECK(error.error == Error::malformed_framing);
}

TEST_CASE("own() keeps the bytes when the input goes") {
  GrpcMessage message;
  {
    const Bytes input = "short lived";
    message.view = input;
    message.own();
  }
  CHECK(message.view == "short lived");
}
