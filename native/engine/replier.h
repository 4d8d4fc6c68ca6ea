// Answers go back here: one message or an error for a ReplyTo, in order on streams, and the end.
//
// The io thread's own; nothing is sent before the cycle's flush.
#pragma once

#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grpc/call_table.h"
#include "grpc/framing.h"
#include "stats/io_counters.h"

namespace tiltyard {

class Replier {
 public:
  Replier(const Limits& limits, CallTable& calls, IoCounters& counters)
      : limits_(limits), calls_(calls), counters_(counters) {}

  // Answers with the message that `encode(Bytes& out)` appends. A stale `to` is no error: the
  // client has gone.
  template <typename Encode>
  void answer(const ReplyTo& to, Encode encode) {
    Call* call = calls_.find(to.call);
    if (call == nullptr || call->ended) return;
    Bytes& out = room_for(*call, to);
    const size_t begin = begin_frame(out);
    encode(out);
    finish_message(*call, out, begin);
    settle(*call, to);
  }
  // Answers with a message that is framed already.
  void answer_framed(const ReplyTo& to, Bytes&& framed);
  // Answers with an error: the end of a unary call; on ModelStreamInfer an error_message.
  void fail(const ReplyTo& to, const Status& status, BytesView request_id = {});

  // Sends one more message on a call that stays open (Health.Watch).
  template <typename Encode>
  void push(Call& call, Encode encode) {
    Bytes& out = body_of(call);
    const size_t begin = begin_frame(out);
    encode(out);
    finish_message(call, out, begin);
    send_body(call);
  }
  // Ends the call after what was answered so far; an ok status too. Idempotent.
  void end(Call& call, Status status);
  // Ends a stream with an error after the answers to all messages received so far.
  void end_in_turn(Call& call, Status status);
  // The client will send no more: a stream ends once its answers are out.
  void end_input(Call& call);

  void mark_dirty(Connection& connection);
  std::vector<Connection*>& dirty() { return dirty_; }

  // Pulled by HTTP/2 through the receiver.
  Http2Handler::BodyState body_state(const Call& call) const;
  BytesView take_body(Call& call, size_t bytes);
  void send_trailers(Call& call);

 private:
  Bytes& room_for(Call& call, const ReplyTo& to);
  static Bytes& body_of(Call& call);
  void finish_message(Call& call, Bytes& out, size_t begin);
  void settle(Call& call, const ReplyTo& to);
  void end_failed(Call& call);
  void fail_in_turn(Call& call, const ReplyTo& to, const Status& status);
  void send_body(Call& call);

  const Limits& limits_;
  CallTable& calls_;
  IoCounters& counters_;
  std::vector<Connection*> dirty_;
  Bytes plain_;  // what is to be compressed
};

}  // namespace tiltyard
