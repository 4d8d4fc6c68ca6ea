// A small gRPC client over nghttp2, for tests that need a real socket. One thread each.
//
// Blocking, but for read_available(), which lets one thread be both the client and the server.
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

struct Goaway {
  int32_t last_stream = 0;
  uint32_t error_code = 0;
};

class GrpcTestClient {
 public:
  explicit GrpcTestClient(uint16_t port);
  explicit GrpcTestClient(FileDescriptor connected);
  ~GrpcTestClient();

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // Sends a unary call and returns its stream; collect it with wait().
  int32_t send(const std::string& path, const std::string& message, const Headers& extra = {},
               bool is_compressed = false);
  // Opens a call whose messages follow one by one.
  int32_t open(const std::string& path, const Headers& extra = {});
  void send_message(int32_t stream, const std::string& message, bool last,
                    bool is_compressed = false);
  // Bytes of the call as they are, framing included.
  void send_bytes(int32_t stream, const std::string& bytes, bool last);
  void reset(int32_t stream);
  void ping();
  // What is sent from here on leaves in one piece, at the next uncork().
  void cork() { corked_ = true; }
  void uncork();
  // Takes what has come without waiting, and answers it as HTTP/2 asks.
  void read_available();
  // Waits until the stream is closed, or has `messages` messages. The connection's end also ends
  // it.
  GrpcReply& wait(int32_t stream, size_t messages = SIZE_MAX);
  GrpcReply call(const std::string& path, const std::string& message, const Headers& extra = {},
                 bool is_compressed = false);
  bool connected() const { return connected_; }
  bool goaway() const { return !goaways_.empty(); }
  const std::vector<Goaway>& goaways() const { return goaways_; }
  uint32_t pings() const { return pings_; }  // that the server has sent
  GrpcReply& reply(int32_t stream) { return replies_[stream]; }
  int fd() const { return fd_.get(); }
  void close() { fd_.close(); }

 private:
  struct Outgoing {
    std::string bytes;
    bool last = false;
  };
  void start();
  void flush();
  void read_some(int flags);
  int32_t submit(const std::string& path, const Headers& extra);

  FileDescriptor fd_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, GrpcReply> replies_;
  std::map<int32_t, std::string> partial_;
  std::map<int32_t, Outgoing> outgoing_;
  bool connected_ = true;
  bool corked_ = false;
  std::string unsent_;
  std::vector<Goaway> goaways_;
  uint32_t pings_ = 0;
  friend struct ClientCallbacks;
};

// What a gzip message holds; fails the test when it is none.
std::string inflate(const std::string& zipped);

}  // namespace tiltyard::test
