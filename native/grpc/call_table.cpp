#include "grpc/call_table.h"

#include "base/assert.h"

namespace tiltyard {
namespace {

// A reply larger than this gives its memory back when its call ends.
constexpr size_t kBodyBytesKept = 16 * 1024;

void reset(Call& call) {
  call.metadata.clear();
  call.assembler.clear();
  call.messages = 0;
  call.input_ended = false;
  free_bytes(call.message.owned);
  call.message = GrpcMessage();
  call.has_message = false;
  free_bytes(call.held_input);
  call.charge.release();
  call.answers.clear();
  call.answered = 0;
  call.failure.clear();
  call.failed_at = 0;
  call.jobs.clear();
  call.body.clear();
  if (call.body.capacity() > kBodyBytesKept) call.body.shrink_to_fit();
  call.body_from = 0;
  call.blocked_since_ns = 0;
  call.output_charge.release();
  call.response_begun = false;
  call.ended = false;
  call.end_status.clear();
}

}  // namespace

Call* CallTable::try_open(Connection& connection, int32_t stream_id, uint64_t now_ns) {
  if (first_free_ == 0) {
    if (slots_.size() == calls_max_) return nullptr;
    slots_.push_back(std::make_unique<Call>());
    slots_.back()->index = static_cast<uint32_t>(slots_.size());
    first_free_ = slots_.back()->index;
  }
  Call& call = at(first_free_);
  first_free_ = call.next;
  call.connection = &connection;
  call.stream_id = stream_id;
  call.arrived_ns = now_ns;
  call.previous = 0;
  call.next = connection.books.first_call;
  if (call.next != 0) at(call.next).previous = call.index;
  connection.books.first_call = call.index;
  ++connection.books.open_calls;
  ++open_;
  return &call;
}

void CallTable::close(Call& call) {
  TILTYARD_ASSERT(call.connection != nullptr, "a call is closed once");
  Connection& connection = *call.connection;
  if (call.previous != 0) at(call.previous).next = call.next;
  if (call.next != 0) at(call.next).previous = call.previous;
  if (connection.books.first_call == call.index) connection.books.first_call = call.next;
  --connection.books.open_calls;
  call.connection = nullptr;
  ++call.generation;
  reset(call);
  call.next = first_free_;
  first_free_ = call.index;
  --open_;
}

Call* CallTable::find(CallHandle handle) {
  if (handle.index == 0 || handle.index > slots_.size()) return nullptr;
  Call& call = at(handle.index);
  if (call.connection == nullptr || call.generation != handle.generation) return nullptr;
  return &call;
}

}  // namespace tiltyard
