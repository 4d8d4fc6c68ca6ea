#include "grpc_test_client.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "grpc/compression.h"
#include "grpc/framing.h"

namespace tiltyard::test {

struct ClientCallbacks {
  static GrpcTestClient& self(void* user) { return *static_cast<GrpcTestClient*>(user); }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t n,
                    const uint8_t* value, size_t v, uint8_t, void* user) {
    GrpcReply& reply = self(user).replies_[frame->hd.stream_id];
    const std::string key(name, name + n), text(value, value + v);
    reply.headers[key] = text;
    if (key == "grpc-status") reply.status = std::stoi(text);
    if (key == "grpc-message") reply.message = text;
    return 0;
  }

  static int data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t n,
                  void* user) {
    std::string& partial = self(user).partial_[stream];
    partial.append(bytes, bytes + n);
    while (partial.size() >= kGrpcPrefixBytes) {
      const size_t length = load_u32_be(partial.data() + 1);
      if (partial.size() < kGrpcPrefixBytes + length) break;
      self(user).replies_[stream].messages.push_back(partial.substr(kGrpcPrefixBytes, length));
      partial.erase(0, kGrpcPrefixBytes + length);
    }
    return 0;
  }

  static int closed(nghttp2_session*, int32_t stream, uint32_t code, void* user) {
    self(user).replies_[stream].closed = true;
    self(user).replies_[stream].reset_code = code;
    return 0;
  }

  static int frame(nghttp2_session*, const nghttp2_frame* received, void* user) {
    if (received->hd.type == NGHTTP2_GOAWAY) {
      self(user).goaways_.push_back({received->goaway.last_stream_id, received->goaway.error_code});
    }
    const bool is_ack = (received->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (received->hd.type == NGHTTP2_PING && !is_ack) ++self(user).pings_;
    return 0;
  }

  static ssize_t body(nghttp2_session*, int32_t stream, uint8_t* to, size_t max, uint32_t* flags,
                      nghttp2_data_source*, void* user) {
    GrpcTestClient::Outgoing& out = self(user).outgoing_[stream];
    if (out.bytes.empty() && !out.last) return NGHTTP2_ERR_DEFERRED;
    const size_t n = std::min(max, out.bytes.size());
    std::memcpy(to, out.bytes.data(), n);
    out.bytes.erase(0, n);
    if (out.bytes.empty() && out.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }
};

GrpcTestClient::GrpcTestClient(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  start();
}

GrpcTestClient::GrpcTestClient(FileDescriptor connected) : fd_(std::move(connected)) {
  start();
}

void GrpcTestClient::start() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, ClientCallbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, ClientCallbacks::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, ClientCallbacks::closed);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, ClientCallbacks::frame);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

GrpcTestClient::~GrpcTestClient() {
  nghttp2_session_del(session_);
}

int32_t GrpcTestClient::submit(const std::string& path, const Headers& extra) {
  Headers headers = {{":method", "POST"},
                     {":scheme", "http"},
                     {":path", path},
                     {":authority", "localhost"},
                     {"content-type", "application/grpc"},
                     {"te", "trailers"}};
  for (const auto& header : extra) {
    const auto same = std::find_if(headers.begin(), headers.end(),
                                   [&](const auto& h) { return h.first == header.first; });
    if (same != headers.end()) {
      same->second = header.second;
    } else {
      headers.push_back(header);
    }
  }
  std::vector<nghttp2_nv> fields;
  for (auto& [name, value] : headers) {
    fields.push_back({reinterpret_cast<uint8_t*>(name.data()),
                      reinterpret_cast<uint8_t*>(value.data()), name.size(), value.size(), 0});
  }
  nghttp2_data_provider provider{};
  provider.read_callback = ClientCallbacks::body;
  return nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &provider,
                                nullptr);
}

int32_t GrpcTestClient::open(const std::string& path, const Headers& extra) {
  const int32_t stream = submit(path, extra);
  outgoing_[stream];
  flush();
  return stream;
}

int32_t GrpcTestClient::send(const std::string& path, const std::string& message,
                             const Headers& extra, bool is_compressed) {
  const int32_t stream = submit(path, extra);
  send_message(stream, message, true, is_compressed);
  return stream;
}

void GrpcTestClient::send_message(int32_t stream, const std::string& message, bool last,
                                  bool is_compressed) {
  std::string framed;
  const size_t begin = begin_frame(framed);
  framed.append(message);
  finish_frame(framed, begin, is_compressed);
  send_bytes(stream, framed, last);
}

void GrpcTestClient::send_bytes(int32_t stream, const std::string& bytes, bool last) {
  Outgoing& out = outgoing_[stream];
  out.bytes.append(bytes);
  out.last = last;
  nghttp2_session_resume_data(session_, stream);
  flush();
}

void GrpcTestClient::reset(int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  flush();
}

void GrpcTestClient::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  flush();
}

// All that HTTP/2 has to say goes into one send: many small ones fill a socket's buffer.
void GrpcTestClient::flush() {
  const uint8_t* data = nullptr;
  for (ssize_t n; (n = nghttp2_session_mem_send(session_, &data)) > 0;) {
    unsent_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
  }
  if (corked_ || !connected_ || unsent_.empty()) return;
  connected_ = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(unsent_.size());
  unsent_.clear();
}

void GrpcTestClient::uncork() {
  corked_ = false;
  flush();
}

void GrpcTestClient::read_some(int flags) {
  uint8_t buffer[16'384];
  const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, flags);
  connected_ =
      got > 0 && nghttp2_session_mem_recv(session_, buffer, static_cast<size_t>(got)) == got;
  if (!connected_) fd_.close();  // as clients do whose server has ended
  flush();
}

void GrpcTestClient::read_available() {
  char peeked;
  while (connected_) {
    const ssize_t got = recv(fd_.get(), &peeked, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return flush();
    read_some(MSG_DONTWAIT);
  }
}

GrpcReply& GrpcTestClient::wait(int32_t stream, size_t messages) {
  GrpcReply& reply = replies_[stream];
  while (connected_ && !reply.closed && reply.messages.size() < messages) read_some(0);
  return reply;
}

GrpcReply GrpcTestClient::call(const std::string& path, const std::string& message,
                               const Headers& extra, bool is_compressed) {
  const int32_t stream = send(path, message, extra, is_compressed);
  GrpcReply reply = wait(stream);
  replies_.erase(stream);
  outgoing_.erase(stream);
  partial_.erase(stream);
  return reply;
}

std::string inflate(const std::string& zipped) {
  ByteBudget budget(1u << 30);
  Charge charge;
  Bytes out;
  REQUIRE(gunzip(zipped, 1u << 30, budget, charge, out).ok());
  return out;
}

}  // namespace tiltyard::test
