#include "engine/rpc_receiver.h"

#include <string>

#include "engine/job.h"

namespace tiltyard {
namespace {

Connection& connection_of(Http2Session& session) {
  return *static_cast<Connection*>(session.owner());
}

}  // namespace

uint32_t RpcReceiver::on_stream_opened(Http2Session& session, int32_t stream_id) {
  Connection& connection = connection_of(session);
  Call* call = calls_.try_open(connection, stream_id, now_ns_);
  if (call == nullptr) {
    counters_.streams_refused.add();
    return kRefused;
  }
  counters_.calls.add();
  return call->index;
}

void RpcReceiver::on_header(Http2Session&, uint32_t tag, BytesView name, BytesView value) {
  Call& call = calls_.at(tag);
  call.metadata.add(name, value, now_ns_);
  if (call.metadata.header_bytes > limits_.header_bytes_max && call.metadata.problem.ok()) {
    call.metadata.problem =
        make_error(Error::headers_too_large, {std::to_string(limits_.header_bytes_max)});
  }
}

void RpcReceiver::on_headers_end(Http2Session&, uint32_t tag, bool end_of_stream) {
  Call& call = calls_.at(tag);
  CallMetadata& metadata = call.metadata;
  if (!metadata.content_type_ok && metadata.problem.ok()) {
    metadata.problem = make_error(Error::bad_content_type, {"none"});
  }
  const MethodRow& row = *metadata.method;
  const bool is_refused =
      row.method == Method::unimplemented ||
      (row.method == Method::model_control && shared_.options.allow_model_control == 0);
  if (metadata.problem.ok() && is_refused) {
    metadata.problem = make_error(Error::unimplemented_method, {row.path, row.sentence});
  }
  if (!metadata.problem.ok()) return replier_.end(call, std::move(metadata.problem));
  if (!end_of_stream) return;
  on_end_of_stream(call.connection->http2(), tag);
}

void RpcReceiver::on_data(Http2Session& session, uint32_t tag, BytesView data) {
  Call& call = calls_.at(tag);
  // Answered early, or broken: what still comes of it does not matter.
  if (call.ended || !call.failure.ok()) return session.consume(call.stream_id, data.size());
  if (!call.metadata.method->client_streams) {
    session.consume(call.stream_id, data.size());
    return take_unary(call, data);
  }
  if (has_room(call) && call.held_input.empty()) {
    session.consume(call.stream_id, data.size());
    return take_stream(call, data);
  }
  // The stream's window stays closed for what is held, so that a fast sender is slowed down.
  session.consume_connection(data.size());
  hold(call, data);
}

void RpcReceiver::take_unary(Call& call, BytesView data) {
  while (!data.empty()) {
    if (call.has_message) {
      return replier_.end(call, make_error(Error::extra_message, {call.metadata.method->path}));
    }
    Status error;
    switch (call.assembler.next(data, limits_.message_bytes_max, call.message, error)) {
      case MessageAssembler::Next::error:
        return replier_.end(call, std::move(error));
      case MessageAssembler::Next::message:
        ++call.messages;
        call.has_message = true;
        unfinished_.push_back(call.handle());
        break;
      case MessageAssembler::Next::none:
        break;
    }
  }
  if (call.assembler.is_torn()) recharge(call);
}

bool RpcReceiver::has_room(const Call& call) const {
  return call.answers.size() < limits_.stream_messages_in_flight_max &&
         call.body.size() - call.body_from < limits_.output_bytes_max;
}

void RpcReceiver::take_stream(Call& call, BytesView data) {
  while (!call.ended) {
    if (!has_room(call)) return data.empty() ? void() : hold(call, data);
    ReceivedMessage& received = messages_.push();
    Status error;
    const auto next = call.assembler.next(data, limits_.message_bytes_max, received.message, error);
    if (next != MessageAssembler::Next::message) {
      messages_.pop();
      if (next == MessageAssembler::Next::error) {
        return replier_.end_in_turn(call, std::move(error));
      }
      break;
    }
    received.to = {call.handle(), call.messages++};
    received.arrived_ns = now_ns_;
    call.answers.emplace_back();
    counters_.messages.add();
    ++call.connection->books.requests;
    ++call.connection->books.requests_this_cycle;
  }
  recharge(call);
}

void RpcReceiver::hold(Call& call, BytesView data) {
  counters_.input_held.add();
  call.held_input.append(data);
  recharge(call);
}

// Charges the bytes that the call holds of its client's; ends it when the budget is used up.
bool RpcReceiver::recharge(Call& call) {
  const uint64_t bytes = call.assembler.held_bytes() + call.held_input.size();
  if (call.charge.try_set(shared_.budget, bytes)) return true;
  replier_.end(call,
               make_error(Error::bytes_in_flight, {std::to_string(shared_.budget.bytes_max())}));
  call.assembler.clear();
  free_bytes(call.held_input);
  call.charge.release();
  return false;
}

void RpcReceiver::on_end_of_stream(Http2Session&, uint32_t tag) {
  Call& call = calls_.at(tag);
  if (call.ended) return;
  const bool is_stream = call.metadata.method->client_streams;
  if (!is_stream) return finish_unary(call);
  if (call.held_input.empty() && call.assembler.is_torn()) {
    return replier_.end_in_turn(
        call, make_error(Error::malformed_framing, {"the call ended inside a message"}));
  }
  replier_.end_input(call);
}

void RpcReceiver::finish_unary(Call& call) {
  call.input_ended = true;
  if (!call.has_message) {
    return replier_.end(
        call, call.assembler.is_torn()
                  ? make_error(Error::malformed_framing, {"the call ended inside a message"})
                  : make_error(Error::missing_message, {call.metadata.method->path}));
  }
  ReceivedMessage& received = messages_.push();
  received.to = {call.handle(), 0};
  received.arrived_ns = now_ns_;
  received.message.owned.swap(call.message.owned);
  received.message.view =
      received.message.owned.empty() ? call.message.view : BytesView(received.message.owned);
  received.message.compressed = call.message.compressed;
  call.has_message = false;
  counters_.messages.add();
  ++call.connection->books.requests;
  ++call.connection->books.requests_this_cycle;
}

void RpcReceiver::end_reading() {
  for (CallHandle handle : unfinished_) {
    Call* call = calls_.find(handle);
    if (call != nullptr && call->has_message) call->message.own();
  }
  unfinished_.clear();
}

void RpcReceiver::note_answered(Call& call) {
  if (!call.held_input.empty() && has_room(call)) resumable_.push_back(call.handle());
}

void RpcReceiver::resume_held() {
  std::vector<CallHandle> resumable;
  resumable.swap(resumable_);
  for (CallHandle handle : resumable) {
    Call* call = calls_.find(handle);
    if (call == nullptr || call->ended || call->held_input.empty()) continue;
    Bytes held;
    held.swap(call->held_input);
    const size_t before = messages_.size();
    take_stream(*call, held);
    // What was held is the call's own memory and goes now: the messages take theirs with them.
    for (size_t i = before; i < messages_.size(); ++i) messages_[i].message.own();
    const size_t taken = held.size() - std::min(held.size(), call->held_input.size());
    call->connection->http2().consume_stream(call->stream_id, taken);
    replier_.mark_dirty(*call->connection);
    if (call->input_ended) {
      if (call->held_input.empty() && call->assembler.is_torn()) {
        replier_.end_in_turn(
            *call, make_error(Error::malformed_framing, {"the call ended inside a message"}));
      }
      replier_.end_input(*call);
    }
  }
}

void RpcReceiver::cancel(Call& call) {
  for (Job* job : call.jobs) job->cancelled.store(true, std::memory_order_relaxed);
  if (!call.ended) counters_.calls_cancelled.add();
  calls_.close(call);
}

void RpcReceiver::drop_unfinished(Connection& connection) {
  calls_.for_each_on(connection, [&connection](Call& call) {
    const bool is_watch = call.metadata.method->method == Method::health_watch;
    if (call.ended || (call.input_ended && !is_watch)) return;
    connection.http2().submit_reset(call.stream_id, NGHTTP2_CANCEL);
  });
}

void RpcReceiver::drop_calls(Connection& connection) {
  calls_.for_each_on(connection, [this](Call& call) { cancel(call); });
}

void RpcReceiver::on_stream_closed(Http2Session&, uint32_t tag, uint32_t) {
  cancel(calls_.at(tag));
}

BytesView RpcReceiver::take_body(uint32_t tag, size_t bytes) {
  Call& call = calls_.at(tag);
  const BytesView taken = replier_.take_body(call, bytes);
  call.blocked_since_ns = 0;
  if (!call.held_input.empty()) note_answered(call);
  return taken;
}

void RpcReceiver::on_body_end(Http2Session&, uint32_t tag) {
  replier_.send_trailers(calls_.at(tag));
}

}  // namespace tiltyard
