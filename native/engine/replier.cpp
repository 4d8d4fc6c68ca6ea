#include "engine/replier.h"

#include <array>
#include <string>

#include "base/assert.h"
#include "grpc/compression.h"
#include "infer/response_encode.h"

namespace tiltyard {
namespace {

constexpr Http2Header kStatus200 = {":status", "200", true};
constexpr Http2Header kContentType = {"content-type", "application/grpc", true};
constexpr Http2Header kGzip = {"grpc-encoding", "gzip", true};
constexpr Http2Header kAccepts = {"grpc-accept-encoding", "identity,gzip", true};
constexpr Http2Header kGrpcOk = {"grpc-status", "0", true};

constexpr std::array kReplyHeaders = {kStatus200, kContentType};
constexpr std::array kGzipReplyHeaders = {kStatus200, kContentType, kGzip};

bool is_stream(const Call& call) {
  return call.metadata.method->client_streams;
}

// Whether the stream has been answered up to where it fails.
bool fails_now(const Call& call) {
  return !call.failure.ok() && call.answered == call.failed_at;
}

// Errors that a moment's wait may cure: the client is told how long to wait.
bool is_overload(Error error) {
  switch (error) {
    case Error::queue_full:
    case Error::bytes_in_flight:
    case Error::slow_path_full:
      return true;
    default:
      return false;
  }
}

// The trailers of an error, and the strings they point to.
struct ErrorTrailers {
  ErrorTrailers(const Status& status, uint32_t pushback_ms)
      : code(std::to_string(static_cast<int>(status.code()))),
        message(percent_encode(status.message)),
        pushback(std::to_string(pushback_ms)),
        headers{{{"grpc-status", code}, {"grpc-message", message}}},
        count(2) {
    if (is_overload(status.error)) headers[count++] = {"grpc-retry-pushback-ms", pushback};
    if (status.error == Error::unsupported_compression) headers[count++] = kAccepts;
  }
  std::string code, message, pushback;
  std::array<Http2Header, 4> headers;
  size_t count;
};

}  // namespace

void Replier::mark_dirty(Connection& connection) {
  if (connection.books.is_dirty) return;
  connection.books.is_dirty = true;
  dirty_.push_back(&connection);
}

Bytes& Replier::body_of(Call& call) {
  if (call.body_from == call.body.size()) {
    call.body.clear();
    call.body_from = 0;
  }
  return call.body;
}

Bytes& Replier::room_for(Call& call, const ReplyTo& to) {
  if (!is_stream(call)) return body_of(call);
  TILTYARD_ASSERT(to.sequence >= call.answered, "a message is answered once");
  return call.answers[to.sequence - call.answered].framed;
}

void Replier::finish_message(Call& call, Bytes& out, size_t begin) {
  if (call.replies_gzip()) {
    plain_.assign(out, begin + kGrpcPrefixBytes);
    out.resize(begin + kGrpcPrefixBytes);
    append_gzip(plain_, out);
  }
  finish_frame(out, begin, call.replies_gzip());
}

void Replier::answer_framed(const ReplyTo& to, Bytes&& framed) {
  Call* call = calls_.find(to.call);
  if (call == nullptr || call->ended) return;
  Bytes& out = room_for(*call, to);
  if (out.empty()) {
    out = std::move(framed);
  } else {
    out.append(framed);
  }
  settle(*call, to);
}

void Replier::fail(const ReplyTo& to, const Status& status, BytesView request_id) {
  Call* call = calls_.find(to.call);
  if (call == nullptr || call->ended) return;
  if (call->metadata.method->method != Method::model_stream_infer) return end(*call, status);
  if (call->metadata.errors_end_stream) return fail_in_turn(*call, to, status);
  counters_.errors[static_cast<size_t>(status.error)].add();
  answer(to, [&](Bytes& out) { append_stream_error(status.message, request_id, out); });
}

// The stream ends with the error, but only after the answers to the messages before.
void Replier::fail_in_turn(Call& call, const ReplyTo& to, const Status& status) {
  if (call.failure.ok() || to.sequence < call.failed_at) {
    call.failure = status;
    call.failed_at = to.sequence;
  }
  settle(call, to);
}

void Replier::end_in_turn(Call& call, Status status) {
  if (call.ended || !call.failure.ok()) return;
  call.failure = std::move(status);
  call.failed_at = call.messages;
  if (fails_now(call)) end_failed(call);
}

void Replier::end_failed(Call& call) {
  if (!call.body.empty()) send_body(call);  // else the call would end without it
  end(call, std::move(call.failure));
}

void Replier::settle(Call& call, const ReplyTo& to) {
  if (!is_stream(call)) {
    if (call.metadata.method->method != Method::health_watch) call.ended = true;
    return send_body(call);
  }
  call.answers[to.sequence - call.answered].ready = true;
  if (!call.answers.front().ready) return;
  while (!call.answers.empty() && call.answers.front().ready && !fails_now(call)) {
    Bytes& body = body_of(call);
    if (body.empty()) {
      body.swap(call.answers.front().framed);
    } else {
      body.append(call.answers.front().framed);
    }
    call.answers.pop_front();
    ++call.answered;
  }
  if (fails_now(call)) return end_failed(call);
  if (call.input_ended && call.answers.empty() && call.held_input.empty()) call.ended = true;
  send_body(call);
}

void Replier::send_body(Call& call) {
  Http2Session& http2 = call.connection->http2();
  if (!call.response_begun) {
    call.response_begun = true;
    http2.submit_response(call.stream_id, call.index,
                          call.replies_gzip() ? std::span<const Http2Header>(kGzipReplyHeaders)
                                              : std::span<const Http2Header>(kReplyHeaders));
  } else {
    http2.resume_body(call.stream_id);
  }
  mark_dirty(*call.connection);
}

void Replier::end_input(Call& call) {
  call.input_ended = true;
  if (is_stream(call) && call.answers.empty() && call.held_input.empty()) end(call, Status());
}

void Replier::end(Call& call, Status status) {
  if (call.ended) return;
  call.ended = true;
  if (!status.ok()) counters_.errors[static_cast<size_t>(status.error)].add();
  call.end_status = std::move(status);
  if (call.response_begun || call.end_status.ok()) return send_body(call);
  call.response_begun = true;
  const ErrorTrailers trailers(call.end_status, limits_.retry_pushback_ms);
  std::array<Http2Header, 6> headers = {kStatus200, kContentType};
  if (call.end_status.error == Error::bad_content_type) headers[0] = {":status", "415", true};
  if (!call.metadata.is_post) headers[0] = {":status", "405", true};
  for (size_t i = 0; i < trailers.count; ++i) headers[2 + i] = trailers.headers[i];
  call.connection->http2().submit_headers_only(call.stream_id,
                                               {headers.data(), 2 + trailers.count});
  mark_dirty(*call.connection);
}

Http2Handler::BodyState Replier::body_state(const Call& call) const {
  return {call.body.size() - call.body_from, call.ended};
}

BytesView Replier::take_body(Call& call, size_t bytes) {
  const BytesView taken = BytesView(call.body).substr(call.body_from, bytes);
  call.body_from += bytes;
  return taken;
}

void Replier::send_trailers(Call& call) {
  Http2Session& http2 = call.connection->http2();
  if (call.end_status.ok()) return http2.submit_trailers(call.stream_id, {&kGrpcOk, 1});
  const ErrorTrailers trailers(call.end_status, limits_.retry_pushback_ms);
  http2.submit_trailers(call.stream_id, {trailers.headers.data(), trailers.count});
}

}  // namespace tiltyard
