// gRPC framing: a stream fed in pieces gives the messages and the end that one look at it gives.
//
// Input: a limit of 16 bits, the number of piece sizes, the sizes (used in turn), then the stream.
#include <vector>

#include "fuzz_input.h"
#include "grpc/framing.h"

using namespace tiltyard;

namespace {

struct Message {
  bool compressed;
  Bytes bytes;
  bool operator==(const Message&) const = default;
};

// What a stream is: its messages, then an error, a torn message, or a clean end.
struct Stream {
  std::vector<Message> messages;
  Error error = Error::none;
  bool is_torn = false;
  bool operator==(const Stream&) const = default;
};

Stream read_at_once(BytesView wire, uint32_t limit) {
  Stream found;
  while (!wire.empty()) {
    if (wire.size() < 5) break;
    const auto byte = [wire](size_t i) { return static_cast<unsigned char>(wire[i]); };
    const uint64_t length =
        uint64_t{byte(1)} << 24 | uint64_t{byte(2)} << 16 | uint64_t{byte(3)} << 8 | byte(4);
    if (byte(0) > 1) {
      found.error = Error::malformed_framing;
      return found;
    }
    if (length > limit) {
      found.error = Error::message_too_large;
      return found;
    }
    if (wire.size() - 5 < length) break;
    found.messages.push_back({byte(0) == 1, Bytes(wire.substr(5, length))});
    wire.remove_prefix(5 + length);
  }
  found.is_torn = !wire.empty();
  return found;
}

// Takes what one piece brings; false after an error.
bool feed(MessageAssembler& assembler, BytesView piece, uint32_t limit, Stream& found) {
  BytesView data = piece;
  GrpcMessage message;  // used again, as the receiver may
  while (true) {
    const size_t before = data.size();
    Status error;
    const auto next = assembler.next(data, limit, message, error);
    CLAIM(lies_in(data, piece) && data.size() <= before);
    CLAIM(error.ok() == (next != MessageAssembler::Next::error));
    CLAIM(assembler.held_bytes() <= limit);
    if (next == MessageAssembler::Next::error) {
      found.error = error.error;
      return false;
    }
    if (next == MessageAssembler::Next::none) {
      CLAIM(data.empty());
      return true;
    }
    CLAIM(!assembler.is_torn() && assembler.held_bytes() == 0);
    CLAIM(lies_in(message.view, message.owned.empty() ? piece : BytesView(message.owned)));
    found.messages.push_back({message.compressed, Bytes(message.view)});
    message.own();
    CLAIM(message.view == found.messages.back().bytes);
    CLAIM(lies_in(message.view, message.owned));
  }
}

// Each piece has memory of its own, gone before the next: nothing may be kept of it.
Stream read_in_pieces(BytesView wire, BytesView sizes, uint32_t limit) {
  Stream found;
  MessageAssembler assembler;
  for (size_t turn = 0; !wire.empty(); ++turn) {
    const size_t wanted =
        sizes.empty() ? 1 : static_cast<unsigned char>(sizes[turn % sizes.size()]);
    const ExactCopy piece(wire.substr(0, wanted + 1));
    wire.remove_prefix(piece.view().size());
    if (!feed(assembler, piece.view(), limit, found)) return found;
  }
  found.is_torn = assembler.is_torn();
  assembler.clear();
  CLAIM(!assembler.is_torn() && assembler.held_bytes() == 0);
  return found;
}

void check_written(const Stream& stream, BytesView wire) {
  Bytes again;
  for (const Message& message : stream.messages) {
    const size_t begin = begin_frame(again);
    again.append(message.bytes);
    finish_frame(again, begin, message.compressed);
  }
  CLAIM(wire.starts_with(again));
  if (stream.error == Error::none && !stream.is_torn) CLAIM(wire == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint32_t limit = input.u16();
  const BytesView sizes = input.piece(input.byte());
  const BytesView wire = input.rest();
  const Stream expected = read_at_once(wire, limit);
  CLAIM(read_in_pieces(wire, sizes, limit) == expected);
  check_written(expected, wire);
  return 0;
}
