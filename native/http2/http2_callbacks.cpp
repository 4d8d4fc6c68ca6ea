#include "http2/http2_callbacks.h"

#include <algorithm>

namespace tiltyard {
namespace {

constexpr size_t kFrameHeaderBytes = 9;

BytesView view(const uint8_t* data, size_t bytes) {
  return {reinterpret_cast<const char*>(data), bytes};
}

Http2Session& session_of(void* self) {
  return *static_cast<Http2Session*>(self);
}

bool is_request(const nghttp2_frame* frame) {
  return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

// Frames that ask for work and bring none; a flood of them is an attack. PRIORITY, which nghttp2
// passes over, is counted when it begins.
bool is_control(const nghttp2_frame* frame) {
  switch (frame->hd.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      return (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0;
    case NGHTTP2_DATA:
      return frame->hd.length == frame->data.padlen &&
             (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0;
    default:
      return false;
  }
}

}  // namespace

// Tags are small integers; nghttp2 carries them in the stream's user-data pointer. Null: none. The
// last one is remembered, for a stream's headers and data mostly come one after the other.
uint32_t Http2Callbacks::tag_of(Http2Session& http2, int32_t stream_id) {
  if (stream_id == http2.last_stream_id_) return http2.last_tag_;
  void* data = nghttp2_session_get_stream_user_data(http2.session_, stream_id);
  http2.last_stream_id_ = stream_id;
  http2.last_tag_ = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data));
  return http2.last_tag_;
}

nghttp2_session_callbacks* Http2Callbacks::make() {
  nghttp2_session_callbacks* to = nullptr;
  nghttp2_session_callbacks_new(&to);
  nghttp2_session_callbacks_set_on_begin_frame_callback(to, begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(to, begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(to, header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(to, frame_received);
  nghttp2_session_callbacks_set_on_frame_send_callback(to, frame_sent);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, data_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(to, stream_closed);
  nghttp2_session_callbacks_set_send_data_callback(to, send_body);
  nghttp2_session_callbacks_set_data_source_read_length_callback(to, frame_bytes_max);
  return to;
}

// What nghttp2 lets pass: it ignores PRIORITY altogether (we announce that we do), and HEADERS of
// streams that it has forgotten. (Their DATA too, and of that it does not tell.)
int Http2Callbacks::begin_frame(nghttp2_session* session, const nghttp2_frame_hd* header,
                                void* self) {
  Http2Session& http2 = session_of(self);
  const int32_t stream_id = header->stream_id;
  if (header->type == NGHTTP2_PRIORITY) {
    ++http2.control_frames_;
    if (stream_id == 0) {
      nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
    }
    return 0;
  }
  StreamHistory& history = http2.history_;
  if (header->type != NGHTTP2_HEADERS || history.is_new(stream_id)) return 0;
  if (nghttp2_session_find_stream(session, stream_id) != nullptr) return 0;
  if (history.was_skipped(stream_id)) {
    nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
  } else if (history.was_ended_by_peer(stream_id)) {
    nghttp2_session_terminate_session(session, NGHTTP2_STREAM_CLOSED);
  }
  return 0;
}

int Http2Callbacks::begin_headers(nghttp2_session* session, const nghttp2_frame* frame,
                                  void* self) {
  if (!is_request(frame)) return 0;  // trailers of a client carry nothing that we read
  Http2Session& http2 = session_of(self);
  const int32_t stream_id = frame->hd.stream_id;
  const uint32_t tag = http2.handler_->on_stream_opened(http2, stream_id);
  if (tag == Http2Handler::kRefused) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
    return 0;
  }
  nghttp2_session_set_stream_user_data(session, stream_id,
                                       reinterpret_cast<void*>(static_cast<uintptr_t>(tag)));
  http2.last_stream_id_ = stream_id;
  http2.last_tag_ = tag;
  return 0;
}

int Http2Callbacks::header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                           size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                           void* self) {
  if (!is_request(frame)) return 0;
  Http2Session& http2 = session_of(self);
  const uint32_t tag = tag_of(http2, frame->hd.stream_id);
  if (tag == Http2Handler::kRefused) return 0;
  http2.handler_->on_header(http2, tag, view(name, name_bytes), view(value, value_bytes));
  return 0;
}

int Http2Callbacks::frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  Http2Session& http2 = session_of(self);
  if (is_control(frame)) ++http2.control_frames_;
  const uint8_t type = frame->hd.type;
  if (type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK)) http2.ping_acknowledged_ = true;
  if (type == NGHTTP2_SETTINGS) http2.preface_done_ = true;
  if (type == NGHTTP2_RST_STREAM) {
    ++http2.resets_;
    http2.history_.note_ended_by_peer(frame->hd.stream_id);
  }
  if (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA) return 0;
  const uint32_t tag = tag_of(http2, frame->hd.stream_id);
  if (tag == Http2Handler::kRefused) return 0;
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (is_request(frame)) {
    http2.handler_->on_headers_end(http2, tag, end);
  } else if (end) {
    http2.handler_->on_end_of_stream(http2, tag);
  }
  return 0;
}

int Http2Callbacks::frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  Http2Session& http2 = session_of(self);
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    http2.has_failed_ = true;
  }
  // A client that makes us reset its streams costs what one that resets them costs.
  if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR &&
      frame->rst_stream.error_code != NGHTTP2_REFUSED_STREAM) {
    ++http2.resets_;
  }
  // A server that has answered before the client ended its side tells it to stop (RFC 9113 8.1).
  // Not earlier: nghttp2 drops what waits for a stream that is to be reset.
  if (frame->hd.type != NGHTTP2_HEADERS || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
    return 0;
  }
  const int32_t stream_id = frame->hd.stream_id;
  if (nghttp2_session_get_stream_remote_close(session, stream_id) == 0) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int Http2Callbacks::data_chunk(nghttp2_session* session, uint8_t, int32_t stream_id,
                               const uint8_t* data, size_t bytes, void* self) {
  Http2Session& http2 = session_of(self);
  const uint32_t tag = tag_of(http2, stream_id);
  if (tag == Http2Handler::kRefused) {  // answered already; give the window back and forget it
    nghttp2_session_consume(session, stream_id, bytes);
    return 0;
  }
  http2.handler_->on_data(http2, tag, view(data, bytes));
  return 0;
}

int Http2Callbacks::stream_closed(nghttp2_session* session, int32_t stream_id, uint32_t error_code,
                                  void* self) {
  Http2Session& http2 = session_of(self);
  const uint32_t tag = tag_of(http2, stream_id);
  http2.last_stream_id_ = 0;
  if (nghttp2_session_get_stream_remote_close(session, stream_id) == 1) {
    http2.history_.note_ended_by_peer(stream_id);
  }
  if (tag == Http2Handler::kRefused) return 0;
  http2.handler_->on_stream_closed(http2, tag, error_code);
  return 0;
}

ssize_t Http2Callbacks::read_body(nghttp2_session*, int32_t, uint8_t*, size_t bytes_max,
                                  uint32_t* flags, nghttp2_data_source* source, void* self) {
  Http2Session& http2 = session_of(self);
  const auto tag = static_cast<uint32_t>(source->fd);
  const Http2Handler::BodyState state = http2.handler_->body_state(tag);
  const size_t bytes = std::min(state.ready_bytes, bytes_max);
  if (bytes == 0 && !state.ends) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (state.ends && bytes == state.ready_bytes) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    http2.handler_->on_body_end(http2, tag);
  }
  return static_cast<ssize_t>(bytes);
}

int Http2Callbacks::send_body(nghttp2_session*, nghttp2_frame*, const uint8_t* frame_header,
                              size_t bytes, nghttp2_data_source* source, void* self) {
  Http2Session& http2 = session_of(self);
  // nghttp2 goes from one frame of data to the next without coming back to take_output(): a client
  // with large windows would have us buffer whole replies twice. It asks again for this one.
  if (http2.output_->size() >= http2.output_bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
  http2.output_->append(reinterpret_cast<const char*>(frame_header), kFrameHeaderBytes);
  http2.output_->append(http2.handler_->take_body(static_cast<uint32_t>(source->fd), bytes));
  return 0;
}

ssize_t Http2Callbacks::frame_bytes_max(nghttp2_session*, uint8_t, int32_t,
                                        int32_t connection_window, int32_t stream_window,
                                        uint32_t peer_frame_bytes_max, void* self) {
  const int32_t window = std::min(connection_window, stream_window);
  // The client may offer to take 16 MB a frame; nghttp2 and we would buffer as much for it.
  const uint32_t frame = std::min(peer_frame_bytes_max, session_of(self).frame_bytes_max_);
  return std::min<ssize_t>(window, static_cast<ssize_t>(frame));
}

}  // namespace tiltyard
