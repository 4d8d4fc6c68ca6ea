// One message that another thread answers: a worker runs it, or Python's slow path does.
//
// Made by the io thread that owns the call, moved through a queue to whoever works on it, and
// always sent home to that io thread, which alone frees it. So the io thread may mark it cancelled
// at any time before it is home, and a worker never touches a call.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/charge.h"
#include "base/status.h"
#include "grpc/call.h"
#include "route/assignment.h"

namespace tiltyard {

class IoThread;

struct Job {
  ReplyTo to;
  IoThread* home = nullptr;
  BytesView method_path;  // of the method table, lives for ever
  GrpcMessage message;    // its bytes are the job's own, and not compressed
  Charge charge;
  std::shared_ptr<ServedVersion> served;  // infer only
  Assignment assignment;                  // to `served`
  uint64_t arrived_ns = 0;
  uint64_t deadline_ns = 0;
  bool is_stream = false;
  bool reply_gzip = false;
  std::atomic<bool> cancelled{false};

  // On the first job of a group that ran: how long, over what the version's fit predicts; else 0.
  double run_over_predicted = 0;
  bool reroute = false;        // the answer is none: the version was withdrawn before the job ran
  uint32_t shadows_drawn = 0;  // which of its arm's shadows see it, see ShadowOffers::draw
  Bytes plain;                 // for them, the reply not framed and not compressed
  // The answer: an error, or one framed message.
  Status status;
  Bytes framed;
  Job* next_in_inbox = nullptr;
};

}  // namespace tiltyard
