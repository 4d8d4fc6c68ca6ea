#include "http2/http2_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "http2/http2_callbacks.h"

namespace tiltyard {
namespace {

constexpr size_t kHeadersSentMax = 16;

// nghttp2's own limits of floods stand where one read cannot reach them: ours are looked at after
// each read, and say so to the client and the counters.
constexpr size_t kAcksWaitingMax = 100'000;
constexpr uint64_t kResetsUnlimited = UINT64_MAX;

nghttp2_option* make_options() {
  nghttp2_option* option = nullptr;
  TILTYARD_ASSERT(nghttp2_option_new(&option) == 0, "out of memory for HTTP/2 options");
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_server_fallback_rfc7540_priorities(option, 0);
  nghttp2_option_set_stream_reset_rate_limit(option, kResetsUnlimited, kResetsUnlimited);
  nghttp2_option_set_max_outbound_ack(option, kAcksWaitingMax);
  nghttp2_option_set_max_continuations(option, 8);
  return option;
}

// nghttp2 reads the array during the call only; it copies names and values that are not static.
size_t to_nv(std::span<const Http2Header> headers, std::array<nghttp2_nv, kHeadersSentMax>& out) {
  TILTYARD_ASSERT(headers.size() <= kHeadersSentMax, "a reply has a bounded number of headers");
  size_t n = 0;
  for (const Http2Header& header : headers) {
    nghttp2_nv& nv = out[n++];
    nv.name = reinterpret_cast<uint8_t*>(const_cast<char*>(header.name.data()));
    nv.value = reinterpret_cast<uint8_t*>(const_cast<char*>(header.value.data()));
    nv.namelen = header.name.size();
    nv.valuelen = header.value.size();
    nv.flags = header.is_static ? (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)
                                : NGHTTP2_NV_FLAG_NONE;
  }
  return n;
}

}  // namespace

Http2Session::Http2Session(const Limits& limits, void* owner)
    : owner_(owner), frame_bytes_max_(limits.output_bytes_max) {
  static nghttp2_session_callbacks* const callbacks = Http2Callbacks::make();
  nghttp2_option* option = make_options();
  TILTYARD_ASSERT(nghttp2_session_server_new2(&session_, callbacks, this, option) == 0,
                  "out of memory for an HTTP/2 session");
  nghttp2_option_del(option);
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_per_connection_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_bytes_max},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits.connection_window_bytes));
}

Http2Session::~Http2Session() {
  nghttp2_session_del(session_);
}

bool Http2Session::feed(BytesView bytes) {
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS || taken == NGHTTP2_ERR_FLOODED) {
    is_flooded_ = true;
  }
  return taken == static_cast<ssize_t>(bytes.size());
}

bool Http2Session::take_output(Bytes& out, size_t bytes_max) {
  output_ = &out;
  output_bytes_max_ = bytes_max;
  ssize_t taken = 0;
  while (out.size() < bytes_max) {
    const uint8_t* frame = nullptr;
    taken = nghttp2_session_mem_send(session_, &frame);
    if (taken <= 0) break;
    out.append(reinterpret_cast<const char*>(frame), static_cast<size_t>(taken));
  }
  output_ = nullptr;
  return taken >= 0;
}

void Http2Session::submit_response(int32_t stream_id, uint32_t tag,
                                   std::span<const Http2Header> headers) {
  std::array<nghttp2_nv, kHeadersSentMax> nv;
  const size_t n = to_nv(headers, nv);
  nghttp2_data_provider body{};
  body.source.fd = static_cast<int>(tag);
  body.read_callback = Http2Callbacks::read_body;
  nghttp2_submit_response(session_, stream_id, nv.data(), n, &body);
}

void Http2Session::submit_headers_only(int32_t stream_id, std::span<const Http2Header> headers) {
  std::array<nghttp2_nv, kHeadersSentMax> nv;
  const size_t n = to_nv(headers, nv);
  nghttp2_submit_response(session_, stream_id, nv.data(), n, nullptr);
}

void Http2Session::submit_trailers(int32_t stream_id, std::span<const Http2Header> headers) {
  std::array<nghttp2_nv, kHeadersSentMax> nv;
  const size_t n = to_nv(headers, nv);
  nghttp2_submit_trailer(session_, stream_id, nv.data(), n);
}

void Http2Session::resume_body(int32_t stream_id) {
  nghttp2_session_resume_data(session_, stream_id);
}

void Http2Session::submit_reset(int32_t stream_id, uint32_t error_code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, error_code);
}

void Http2Session::consume(int32_t stream_id, size_t bytes) {
  nghttp2_session_consume(session_, stream_id, bytes);
}

void Http2Session::consume_connection(size_t bytes) {
  nghttp2_session_consume_connection(session_, bytes);
}

void Http2Session::consume_stream(int32_t stream_id, size_t bytes) {
  nghttp2_session_consume_stream(session_, stream_id, bytes);
}

void Http2Session::submit_shutdown_notice() {
  nghttp2_submit_shutdown_notice(session_);
}

void Http2Session::submit_goaway(uint32_t error_code) {
  const int32_t last = nghttp2_session_get_last_proc_stream_id(session_);
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, error_code, nullptr, 0);
}

void Http2Session::submit_ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

uint32_t Http2Session::take_control_frames() {
  return std::exchange(control_frames_, 0);
}

uint32_t Http2Session::take_resets() {
  return std::exchange(resets_, 0);
}

bool Http2Session::ping_acknowledged() {
  return std::exchange(ping_acknowledged_, false);
}

}  // namespace tiltyard
