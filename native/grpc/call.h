// One RPC: an HTTP/2 stream with its metadata, the messages it sends and the reply it gets.
//
// Calls live in the CallTable of the io thread that owns their connection, and only that thread
// touches them. Everybody else holds a CallHandle, which turns stale when the call ends.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"
#include "base/charge.h"
#include "base/status.h"
#include "grpc/framing.h"
#include "grpc/metadata.h"
#include "net/connection.h"

namespace tiltyard {

struct Job;

struct CallHandle {
  uint32_t index = 0;  // 0: none
  uint32_t generation = 0;
};

// Where the answer to one message goes: streams answer their messages in the order they came.
struct ReplyTo {
  CallHandle call;
  uint64_t sequence = 0;
};

struct Call {
  Connection* connection = nullptr;  // null: the slot is free
  int32_t stream_id = 0;
  uint32_t index = 0;
  uint32_t generation = 0;
  uint32_t next = 0;  // on the same connection, or in the free list
  uint32_t previous = 0;
  uint64_t arrived_ns = 0;

  CallMetadata metadata;
  MessageAssembler assembler;
  uint64_t messages = 0;  // received so far
  bool input_ended = false;
  GrpcMessage message;  // of a unary call: complete, and waiting for the end of the stream
  bool has_message = false;
  Bytes held_input;  // received, not yet looked at: too many messages are in flight
  Charge charge;     // for what is held here of the client's bytes

  // Answers that wait for an earlier one; the front is the answer to message `answered`.
  struct Answer {
    bool ready = false;
    Bytes framed;
  };
  std::deque<Answer> answers;  // streams only
  uint64_t answered = 0;
  // What ends the stream when message `failed_at` is next to be answered; ok: nothing yet.
  Status failure;
  uint64_t failed_at = 0;
  std::vector<Job*> jobs;  // what waits or runs for this call elsewhere

  Bytes body;                     // framed replies on their way out
  size_t body_from = 0;           // the first byte not yet taken
  uint64_t blocked_since_ns = 0;  // the client took no byte of `body` since; 0: none waits
  Charge output_charge;           // for replies that the client is slow to take
  bool response_begun = false;
  bool ended = false;  // after `body` come the trailers
  Status end_status;

  CallHandle handle() const { return {index, generation}; }
  // Bytes of replies that wait for the client, or for an earlier reply.
  size_t output_bytes() const {
    size_t bytes = body.size() - body_from;
    for (const Answer& answer : answers) bytes += answer.framed.size();
    return bytes;
  }
  bool replies_gzip() const {
    return metadata.request_encoding == Encoding::gzip && metadata.accepts_gzip;
  }
};

}  // namespace tiltyard
