// gRPC's length-prefixed messages: one flag byte, four length bytes, the message.
//
// A MessageAssembler takes the data of one call as it comes. A message that lies whole in what was
// given is seen in place; one that is torn is put together in memory of its own.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"

namespace tiltyard {

// One message of a call. `view` is its bytes: in `owned` if that is not empty, else in the input.
struct GrpcMessage {
  BytesView view;
  Bytes owned;
  bool compressed = false;

  // Makes the bytes the message's own, so that they outlive the input.
  void own() {
    if (owned.empty()) owned.assign(view);
    view = owned;
  }
};

class MessageAssembler {
 public:
  enum class Next : uint8_t { none, message, error };

  void clear();
  // Takes from the front of `data`: all of it (none), or up to a message's end (message). On error
  // `error` says why and nothing more may be fed.
  Next next(BytesView& data, uint32_t message_bytes_max, GrpcMessage& message, Status& error);
  // Whether the data so far ends inside a message.
  bool is_torn() const { return prefix_bytes_ > 0; }
  // Bytes it holds of a torn message.
  size_t held_bytes() const { return body_.size(); }

 private:
  Status take_prefix(BytesView& data, uint32_t message_bytes_max);

  char prefix_[kGrpcPrefixBytes];
  uint8_t prefix_bytes_ = 0;  // taken of the prefix
  uint32_t length_ = 0;
  Bytes body_;
};

// Begins a message in `out` and returns where; finish_frame fills in the length of what follows.
size_t begin_frame(Bytes& out);
void finish_frame(Bytes& out, size_t begin, bool compressed);

}  // namespace tiltyard
