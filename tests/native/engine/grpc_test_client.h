// A small blocking gRPC client over nghttp2, for tests that need a real socket. One thread each.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "net/socket.h"

namespace tiltyard::test {

struct GrpcReply {
  std::vector<std::string> messages;
  int status = -1;  // -1: no grpc-status came
  std::string message;
  uint32_t reset_code = 0;
  bool closed = false;
  std::map<std::string, std::string> headers;
};

class GrpcTestClient {
 public:
  explicit GrpcTestClient(uint16_t port);
  ~GrpcTestClient();

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // Sends a unary call and returns its stream; collect it with wait().
  int32_t send(const std::string& path, const std::string& message, const Headers& extra = {});
  // Opens a call whose messages follow one by one.
  int32_t open(const std::string& path, const Headers& extra = {});
  void send_message(int32_t stream, const std::string& message, bool last);
  void reset(int32_t stream);
  // Waits until the stream is closed, or has `messages` messages. The connection's end also ends it.
  GrpcReply& wait(int32_t stream, size_t messages = SIZE_MAX);
  GrpcReply call(const std::string& path, const std::string& message, const Headers& extra = {});
  bool connected() const { return connected_; }
  bool goaway() const { return goaway_; }

 private:
  struct Outgoing {
    std::string bytes;
    bool last = false;
  };
  void flush();
  void read_some();
  int32_t submit(const std::string& path, const Headers& extra);

  FileDescriptor fd_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, GrpcReply> replies_;
  std::map<int32_t, std::string> partial_;
  std::map<int32_t, Outgoing> outgoing_;
  bool connected_ = true;
  bool goaway_ = false;
  friend struct ClientCallbacks;
};

}  // namespace tiltyard::test
