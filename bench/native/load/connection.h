// One HTTP/2 client connection: requests in, finished replies out. No waiting, no clock.
//
// Single-threaded. The owner calls `receive` when the socket is readable and `flush` after it has
// submitted; the listener is called from `receive` and may submit again in `on_finished`.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/corpus.h"
#include "load/transport.h"

namespace tiltyard::load {

// What is to be sent. `key` is the number in the header tiltyard-key, where the run has keys.
struct Request {
  const CorpusEntry* entry = nullptr;
  uint64_t intended_ns = 0;
  uint64_t key = 0;
};

// A request in flight, or a free place for one. Its buffers live as long as the connection.
struct Slot {
  Request request;
  std::string key_text;
  uint64_t sent_ns = 0;
  size_t request_offset = 0;
  const Answer* same_as = nullptr;  // whose right_frame the reply so far is, byte for byte
  std::string reply_frame;          // the reply when it is none of them
  int http_status = 0;
  int grpc_status = -1;  // -1: none came
  std::string grpc_message;
  // The server retired the connection before it looked at this request (GOAWAY with a lower last
  // stream): it was not run, and may be sent again elsewhere.
  bool passed_over = false;
};

class Connection {
 public:
  class Listener {
   public:
    // Bytes have just been read: the moment that counts as the arrival of what is in them.
    virtual void on_arrival() = 0;
    virtual void on_finished(Connection& connection, const Slot& slot) = 0;

   protected:
    ~Listener() = default;
  };

  Connection(Listener& listener, uint32_t streams, std::string_view path,
             std::string_view authority, bool tls, bool with_keys);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The sentence of Transport::open, empty on success.
  std::string open(const Target& target, bool& refused);

  bool has_free_slot() const { return !free_.empty() && alive_ && !draining(); }
  // `has_free_slot()` must hold.
  void submit(const Request& request, uint64_t now_ns);
  void receive();
  void flush();

  bool alive() const { return alive_; }
  // No request may be sent any more: the server sent GOAWAY, or the stream ids are used up.
  bool draining() const { return nghttp2_session_check_request_allowed(session_) == 0; }
  bool wants_write() const { return out_.size() > out_sent_; }
  size_t in_flight() const { return slots_.size() - free_.size(); }
  int fd() const { return transport_.fd(); }

 private:
  friend struct ConnectionCallbacks;

  void make_headers(std::string_view path, std::string_view authority, bool tls);
  void set_key(Slot& slot);
  void start_session();
  void take_data(Slot& slot, std::string_view bytes);
  void finish(uint32_t index);
  void lose();

  Listener& listener_;
  const bool with_keys_;
  Transport transport_;
  nghttp2_session* session_ = nullptr;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::vector<int32_t> stream_ids_;  // by slot, 0 when free
  std::string header_text_[3];
  std::vector<nghttp2_nv> headers_;
  std::string out_;
  size_t out_sent_ = 0;
  std::vector<uint8_t> in_;
  bool alive_ = false;
};

}  // namespace tiltyard::load
