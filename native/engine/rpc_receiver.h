// HTTP/2 events become calls, and their data becomes messages: the cycle's list of work.
//
// The io thread's own. A message's view points into the cycle's read arena, so the list must be
// used and end_cycle() called before the arena is used again.
#pragma once

#include <vector>

#include "base/limits.h"
#include "base/stable_pool.h"
#include "engine/replier.h"
#include "engine/shared.h"
#include "grpc/call_table.h"
#include "http2/http2_session.h"
#include "stats/io_counters.h"

namespace tiltyard {

// A complete message that waits for an answer.
struct ReceivedMessage {
  ReplyTo to;
  GrpcMessage message;
  Charge charge;  // for what it was inflated to, or what it holds while it is put off
  uint64_t arrived_ns = 0;
  bool is_counted = false;  // among the requests; it may be looked at again after it was put off

  // Its bytes are not needed any more.
  void trim() {
    is_counted = false;
    charge.release();
    if (message.owned.capacity() > kMessageBytesKept) free_bytes(message.owned);
  }
};

class RpcReceiver final : public Http2Handler {
 public:
  RpcReceiver(EngineShared& shared, CallTable& calls, Replier& replier, IoCounters& counters)
      : shared_(shared),
        limits_(shared.options.limits),
        calls_(calls),
        replier_(replier),
        counters_(counters) {}

  // When what is fed next came in.
  void set_now(uint64_t now_ns) { now_ns_ = now_ns; }
  StablePool<ReceivedMessage>& messages() { return messages_; }
  // Messages that wait for the rest of their call must outlive the arena; call it after the last
  // feed.
  void end_reading();
  // Streams that have room again for what was held back.
  void resume_held();
  bool has_held() const { return !resumable_.empty(); }
  // A message was answered: its stream may have room now.
  void note_answered(Call& call);
  // The client can send no more: what it has not asked in full will not be, and nobody watches.
  void drop_unfinished(Connection& connection);
  // The connection is going away; all its calls with it.
  void drop_calls(Connection& connection);

  uint32_t on_stream_opened(Http2Session& session, int32_t stream_id) override;
  void on_header(Http2Session& session, uint32_t tag, BytesView name, BytesView value) override;
  void on_headers_end(Http2Session& session, uint32_t tag, bool end_of_stream) override;
  void on_data(Http2Session& session, uint32_t tag, BytesView data) override;
  void on_end_of_stream(Http2Session& session, uint32_t tag) override;
  void on_stream_closed(Http2Session& session, uint32_t tag, uint32_t error_code) override;
  BodyState body_state(uint32_t tag) override { return replier_.body_state(calls_.at(tag)); }
  BytesView take_body(uint32_t tag, size_t bytes) override;
  void on_body_end(Http2Session& session, uint32_t tag) override;

 private:
  bool has_room(const Call& call) const;
  void take_unary(Call& call, BytesView data);
  void take_stream(Call& call, BytesView data);
  void hold(Call& call, BytesView data);
  bool recharge(Call& call);
  void finish_unary(Call& call);
  void cancel(Call& call);

  EngineShared& shared_;
  const Limits& limits_;
  CallTable& calls_;
  Replier& replier_;
  IoCounters& counters_;
  uint64_t now_ns_ = 0;
  StablePool<ReceivedMessage> messages_;
  std::vector<CallHandle> unfinished_;  // unary calls whose message came before the stream's end
  std::vector<CallHandle> resumable_;   // streams with held input and room
};

}  // namespace tiltyard
