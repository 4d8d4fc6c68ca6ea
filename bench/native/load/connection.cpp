#include "load/connection.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tiltyard::load {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr size_t kWriteBytes = 256 * 1024;
// Wide windows: flow control of the client must not be what is measured.
constexpr int32_t kWindowBytes = 1 << 30;
constexpr std::string_view kKeyHeader = "tiltyard-key";

// The slot's index rides in the stream's user data, one up so that it is never null.
void* tag_of(uint32_t slot) {
  return reinterpret_cast<void*>(static_cast<uintptr_t>(slot) + 1);
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  nghttp2_nv nv;
  nv.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data()));
  nv.value = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data()));
  nv.namelen = name.size();
  nv.valuelen = value.size();
  nv.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  return nv;
}

std::string_view view_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

}  // namespace

// What nghttp2 calls while it reads; `user_data` is the connection.
struct ConnectionCallbacks {
  static Slot* slot_of(nghttp2_session* session, Connection& connection, int32_t stream) {
    const auto tag =
        reinterpret_cast<uintptr_t>(nghttp2_session_get_stream_user_data(session, stream));
    return tag == 0 ? nullptr : &connection.slots_[tag - 1];
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                       nghttp2_rcbuf* value, uint8_t, void* user_data) {
    const std::string_view key = view_of(name);
    const bool status = key == "grpc-status";
    const bool http_status = key == ":status";
    if (!status && !http_status && key != "grpc-message") return 0;
    auto& connection = *static_cast<Connection*>(user_data);
    Slot* slot = slot_of(session, connection, frame->hd.stream_id);
    if (slot == nullptr) return 0;
    const std::string_view text = view_of(value);
    if (status || http_status) {
      int& field = status ? slot->grpc_status : slot->http_status;
      std::from_chars(text.data(), text.data() + text.size(), field);
    } else {
      slot->grpc_message = text;
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data,
                     size_t length, void* user_data) {
    auto& connection = *static_cast<Connection*>(user_data);
    if (Slot* slot = slot_of(session, connection, stream)) {
      connection.take_data(*slot, {reinterpret_cast<const char*>(data), length});
    }
    return 0;
  }

  static int on_close(nghttp2_session* session, int32_t stream, uint32_t error, void* user_data) {
    auto& connection = *static_cast<Connection*>(user_data);
    const auto tag =
        reinterpret_cast<uintptr_t>(nghttp2_session_get_stream_user_data(session, stream));
    if (tag == 0) return 0;
    const auto index = static_cast<uint32_t>(tag - 1);
    connection.slots_[index].passed_over = error == NGHTTP2_REFUSED_STREAM && connection.draining();
    connection.finish(index);
    return 0;
  }

  static ssize_t read_request(nghttp2_session*, int32_t, uint8_t* buffer, size_t length,
                              uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& slot = *static_cast<Slot*>(source->ptr);
    const std::string& frame = slot.request.entry->frame;
    const size_t n = std::min(length, frame.size() - slot.request_offset);
    std::memcpy(buffer, frame.data() + slot.request_offset, n);
    slot.request_offset += n;
    if (slot.request_offset == frame.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }
};

Connection::Connection(Listener& listener, uint32_t streams, std::string_view path,
                       std::string_view authority, bool tls, bool with_keys)
    : listener_(listener),
      with_keys_(with_keys),
      slots_(streams),
      stream_ids_(streams),
      in_(kReadBytes) {
  for (uint32_t i = streams; i-- > 0;) free_.push_back(i);
  make_headers(path, authority, tls);
}

Connection::~Connection() {
  nghttp2_session_del(session_);
}

void Connection::make_headers(std::string_view path, std::string_view authority, bool tls) {
  header_text_[0] = path;
  header_text_[1] = authority;
  header_text_[2] = tls ? "https" : "http";
  // The same few headers each time, so that after the first request each is one byte of HPACK.
  headers_ = {header(":method", "POST"),
              header(":scheme", header_text_[2]),
              header(":path", header_text_[0]),
              header(":authority", header_text_[1]),
              header("content-type", "application/grpc"),
              header("te", "trailers")};
  if (!with_keys_) return;
  // Each key is another: in the table it would only drive out what is worth to be there.
  headers_.push_back(header(kKeyHeader, ""));
  headers_.back().flags |= NGHTTP2_NV_FLAG_NO_INDEX;
}

void Connection::set_key(Slot& slot) {
  slot.key_text = "key-" + std::to_string(slot.request.key);
  headers_.back().value = reinterpret_cast<uint8_t*>(slot.key_text.data());
  headers_.back().valuelen = slot.key_text.size();
}

void Connection::start_session() {
  nghttp2_session_del(session_);
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback2(callbacks, ConnectionCallbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                            ConnectionCallbacks::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, ConnectionCallbacks::on_close);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
}

std::string Connection::open(const Target& target, bool& refused) {
  std::string wrong = transport_.open(target, refused);
  if (!wrong.empty()) return wrong;
  out_.clear();
  out_sent_ = 0;
  alive_ = true;
  start_session();
  flush();
  return "";
}

void Connection::submit(const Request& request, uint64_t now_ns) {
  const uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.request = request;
  slot.sent_ns = now_ns;
  slot.request_offset = 0;
  slot.same_as = nullptr;
  slot.reply_frame.clear();
  slot.http_status = 0;
  slot.grpc_status = -1;
  slot.grpc_message.clear();
  slot.passed_over = false;
  if (with_keys_) set_key(slot);
  nghttp2_data_provider body{{.ptr = &slot}, ConnectionCallbacks::read_request};
  stream_ids_[index] = nghttp2_submit_request(session_, nullptr, headers_.data(), headers_.size(),
                                              &body, tag_of(index));
}

void Connection::take_data(Slot& slot, std::string_view bytes) {
  if (slot.same_as != nullptr) {  // more than one right frame: keep what came, it will be judged
    slot.reply_frame = slot.same_as->right_frame;
    slot.same_as = nullptr;
  } else if (slot.reply_frame.empty()) {
    for (const Answer& answer : slot.request.entry->answers) {
      if (bytes != answer.right_frame) continue;
      slot.same_as = &answer;
      return;
    }
  }
  slot.reply_frame.append(bytes);
}

void Connection::finish(uint32_t index) {
  stream_ids_[index] = 0;
  free_.push_back(index);
  // The slot stays as it is until the listener submits again, which it does after it has looked.
  listener_.on_finished(*this, slots_[index]);
}

void Connection::receive() {
  while (alive_) {
    size_t length = 0;
    const IoResult result = transport_.read(in_, length);
    if (result == IoResult::kAgain) return;
    if (result == IoResult::kClosed) return lose();
    listener_.on_arrival();
    if (nghttp2_session_mem_recv(session_, in_.data(), length) < 0) return lose();
    // Most likely the socket is empty now: save the read that says so. What is left in it epoll
    // tells again; what is left in the TLS layer it does not.
    if (length < in_.size() / 2 && !transport_.holds_bytes()) return;
  }
}

void Connection::flush() {
  while (alive_) {
    while (out_.size() < kWriteBytes) {
      const uint8_t* bytes = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &bytes);
      if (n < 0) return lose();
      if (n == 0) break;
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    }
    if (!wants_write()) return;
    size_t length = 0;
    const IoResult result = transport_.write(std::string_view(out_).substr(out_sent_), length);
    if (result == IoResult::kClosed) return lose();
    if (result == IoResult::kAgain) return;
    out_sent_ += length;
    if (!wants_write()) {
      out_.clear();
      out_sent_ = 0;
    }
  }
}

void Connection::lose() {
  alive_ = false;
  transport_.close();
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    if (stream_ids_[index] != 0) finish(index);
  }
}

}  // namespace tiltyard::load
