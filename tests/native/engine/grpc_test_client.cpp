#include "grpc_test_client.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

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
    if (received->hd.type == NGHTTP2_GOAWAY) self(user).goaway_ = true;
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

GrpcTestClient::~GrpcTestClient() { nghttp2_session_del(session_); }

int32_t GrpcTestClient::submit(const std::string& path, const Headers& extra) {
  Headers headers = {{":method", "POST"},      {":scheme", "http"},
                     {":path", path},          {":authority", "localhost"},
                     {"content-type", "application/grpc"}, {"te", "trailers"}};
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
  return nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &provider, nullptr);
}

int32_t GrpcTestClient::open(const std::string& path, const Headers& extra) {
  const int32_t stream = submit(path, extra);
  outgoing_[stream];
  flush();
  return stream;
}

int32_t GrpcTestClient::send(const std::string& path, const std::string& message,
                             const Headers& extra) {
  const int32_t stream = submit(path, extra);
  send_message(stream, message, true);
  return stream;
}

void GrpcTestClient::send_message(int32_t stream, const std::string& message, bool last) {
  Outgoing& out = outgoing_[stream];
  const size_t begin = begin_frame(out.bytes);
  out.bytes.append(message);
  finish_frame(out.bytes, begin, false);
  out.last = last;
  nghttp2_session_resume_data(session_, stream);
  flush();
}

void GrpcTestClient::reset(int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  flush();
}

void GrpcTestClient::flush() {
  const uint8_t* data = nullptr;
  for (ssize_t n; connected_ && (n = nghttp2_session_mem_send(session_, &data)) > 0;) {
    connected_ = ::send(fd_.get(), data, static_cast<size_t>(n), MSG_NOSIGNAL) == n;
  }
}

void GrpcTestClient::read_some() {
  uint8_t buffer[16'384];
  const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, 0);
  connected_ = got > 0 && nghttp2_session_mem_recv(session_, buffer, static_cast<size_t>(got)) == got;
  flush();
}

GrpcReply& GrpcTestClient::wait(int32_t stream, size_t messages) {
  GrpcReply& reply = replies_[stream];
  while (connected_ && !reply.closed && reply.messages.size() < messages) read_some();
  return reply;
}

GrpcReply GrpcTestClient::call(const std::string& path, const std::string& message,
                               const Headers& extra) {
  const int32_t stream = send(path, message, extra);
  GrpcReply reply = wait(stream);
  replies_.erase(stream);
  outgoing_.erase(stream);
  partial_.erase(stream);
  return reply;
}

}  // namespace tiltyard::test
