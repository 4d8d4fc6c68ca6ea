// One HTTP/2 connection's protocol state, server side: bytes in, events out; no sockets.
//
// Stands on nghttp2. Not thread-safe: only the io thread that owns the connection calls it. Events
// arrive at the Http2Handler while feed() or take_output() runs; views in them end with that call,
// except the data of on_data, which points into the bytes given to feed().
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/limits.h"
#include "http2/stream_history.h"

namespace tiltyard {

class Http2Session;

// What the peer did. `tag` is the number that on_stream_opened returned for the stream.
class Http2Handler {
 public:
  static constexpr uint32_t kRefused = 0;  // a tag: the stream is refused

  virtual uint32_t on_stream_opened(Http2Session& session, int32_t stream_id) = 0;
  virtual void on_header(Http2Session& session, uint32_t tag, BytesView name, BytesView value) = 0;
  virtual void on_headers_end(Http2Session& session, uint32_t tag, bool end_of_stream) = 0;
  virtual void on_data(Http2Session& session, uint32_t tag, BytesView data) = 0;
  virtual void on_end_of_stream(Http2Session& session, uint32_t tag) = 0;
  // The stream is gone, finished or reset; the tag must not be used again.
  virtual void on_stream_closed(Http2Session& session, uint32_t tag, uint32_t error_code) = 0;

  // Pull side: how many bytes of body are ready for the stream, and whether it ends after them.
  struct BodyState {
    size_t ready_bytes = 0;
    bool ends = false;
  };
  virtual BodyState body_state(uint32_t tag) = 0;
  // The next `bytes` of the body are taken for good; returns them. They need to live until the
  // handler is called again.
  virtual BytesView take_body(uint32_t tag, size_t bytes) = 0;
  // Submits the trailers with submit_trailers(); called once, when the body has ended.
  virtual void on_body_end(Http2Session& session, uint32_t tag) = 0;

 protected:
  ~Http2Handler() = default;
};

// A header to send. Both views are copied by nghttp2 unless `is_static`.
struct Http2Header {
  BytesView name;
  BytesView value;
  bool is_static = false;
};

class Http2Session {
 public:
  Http2Session(const Limits& limits, void* owner);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Whoever drives the session now; a connection that moves to another thread brings its session.
  void set_handler(Http2Handler* handler) { handler_ = handler; }
  void* owner() const { return owner_; }

  // Takes all of `bytes`. False: the connection is beyond repair; flush the output and close it.
  [[nodiscard]] bool feed(BytesView bytes);

  // Appends frames to `out` until there are none or it holds `bytes_max`, which the last one may
  // exceed. False as feed().
  [[nodiscard]] bool take_output(Bytes& out, size_t bytes_max);

  bool wants_input() const { return nghttp2_session_want_read(session_) != 0; }
  bool wants_output() const { return nghttp2_session_want_write(session_) != 0; }

  // A response whose body is pulled through the handler and ends with trailers.
  void submit_response(int32_t stream_id, uint32_t tag, std::span<const Http2Header> headers);
  // Headers that end the stream.
  void submit_headers_only(int32_t stream_id, std::span<const Http2Header> headers);
  void submit_trailers(int32_t stream_id, std::span<const Http2Header> headers);
  // More body than before is ready.
  void resume_body(int32_t stream_id);
  void submit_reset(int32_t stream_id, uint32_t error_code);

  // Received bytes that are done with, so that the peer may send more.
  void consume(int32_t stream_id, size_t bytes);
  void consume_connection(size_t bytes);
  void consume_stream(int32_t stream_id, size_t bytes);

  // GOAWAY in two steps: "no new streams soon", then the last stream that will be served.
  void submit_shutdown_notice();
  void submit_goaway(uint32_t error_code);
  void submit_ping();

  // Counted since the last call of take_control_frames(): frames that cost work and carry none.
  uint32_t take_control_frames();
  // Likewise: streams that the client reset, or made us reset by what it sent.
  uint32_t take_resets();
  bool ping_acknowledged();  // true once after each PING ack
  bool preface_done() const { return preface_done_; }
  // nghttp2 itself found that frames come which only cost (a header block without end).
  bool is_flooded() const { return is_flooded_; }
  // A GOAWAY with an error has gone out.
  bool has_failed() const { return has_failed_; }

 private:
  friend struct Http2Callbacks;

  nghttp2_session* session_ = nullptr;
  Http2Handler* handler_ = nullptr;
  void* owner_;
  Bytes* output_ = nullptr;      // where take_output() collects, while it runs,
  size_t output_bytes_max_ = 0;  // and until when
  const uint32_t frame_bytes_max_;
  uint32_t control_frames_ = 0;
  uint32_t resets_ = 0;
  bool is_flooded_ = false;
  bool has_failed_ = false;
  bool ping_acknowledged_ = false;
  bool preface_done_ = false;
  int32_t last_stream_id_ = 0;  // whose tag is last_tag_; 0: nobody's
  uint32_t last_tag_ = 0;
  StreamHistory history_;
};

}  // namespace tiltyard
