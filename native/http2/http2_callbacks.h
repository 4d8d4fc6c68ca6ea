// nghttp2's C callbacks, turned into calls of Http2Handler. Used by http2_session.cpp only.
#pragma once

#include <nghttp2/nghttp2.h>

#include "http2/http2_session.h"

namespace tiltyard {

struct Http2Callbacks {
  static nghttp2_session_callbacks* make();

  static uint32_t tag_of(Http2Session& http2, int32_t stream_id);
  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* header, void* self);
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t flags,
                    void* self);
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int data_chunk(nghttp2_session*, uint8_t flags, int32_t stream_id, const uint8_t* data,
                        size_t bytes, void* self);
  static int stream_closed(nghttp2_session*, int32_t stream_id, uint32_t error_code, void* self);
  static ssize_t read_body(nghttp2_session*, int32_t stream_id, uint8_t* buffer, size_t bytes_max,
                           uint32_t* flags, nghttp2_data_source* source, void* self);
  static int send_body(nghttp2_session*, nghttp2_frame* frame, const uint8_t* frame_header,
                       size_t bytes, nghttp2_data_source* source, void* self);
  static ssize_t frame_bytes_max(nghttp2_session*, uint8_t frame_type, int32_t stream_id,
                                 int32_t connection_window, int32_t stream_window,
                                 uint32_t peer_frame_bytes_max, void* self);
};

}  // namespace tiltyard
