// One client connection: its socket, perhaps TLS on it, and its HTTP/2 session.
//
// Owned by one io thread at a time, which alone may call it; it can be handed to another io thread
// between two cycles while it has no open call. Registered edge-triggered: read() is to be repeated
// until it says would_block, or the connection kept on the ready list.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/limits.h"
#include "http2/http2_session.h"
#include "net/socket.h"
#include "net/tls.h"

namespace tiltyard {

class Connection {
 public:
  Connection(FileDescriptor fd, const TlsContext* tls, const Limits& limits, uint64_t now_ns);

  int fd() const { return fd_.get(); }
  Http2Session& http2() { return http2_; }
  bool handshaking() const { return tls_ != nullptr && !tls_->handshake_done(); }
  IoResult::Kind handshake() { return tls_->handshake(); }
  // Whether the handshake waits for the socket to take bytes.
  bool wants_write() const { return tls_ != nullptr && tls_->wants_write(); }

  // One read from the socket. `may_have_more` tells whether the next read could bring bytes at
  // once.
  IoResult read(char* to, size_t bytes_max, bool& may_have_more);

  enum class Flushed : uint8_t { all, blocked, closed };
  // Writes what HTTP/2 has to say. `scratch` is the thread's and empty before and after.
  Flushed flush(Bytes& scratch, uint64_t now_ns);
  // Bytes that the socket took since the last call; before TLS.
  size_t take_written() { return std::exchange(written_, 0); }
  size_t unsent_bytes() const { return unsent_.size() - unsent_from_; }
  // Bytes that the socket took and the peer has not acknowledged.
  int unacknowledged_bytes() const;
  void shutdown_tls() {
    if (tls_ != nullptr) tls_->shutdown();
  }
  // Tells the peer that nothing follows. What the socket holds is still delivered, and the peer may
  // still be read.
  void end_output();

  // What the owning io thread keeps with the connection.
  struct Bookkeeping {
    uint32_t first_call = 0;  // open calls, linked in the call table; 0: none
    uint32_t open_calls = 0;
    uint64_t requests = 0;
    uint64_t requests_at_tick = 0;
    uint64_t requests_per_tick = 0;
    uint32_t requests_this_cycle = 0;
    uint32_t table_index = 0;
    bool on_ready_list = false;
    bool is_dirty = false;        // has replies to flush
    bool watches_output = false;  // epoll is to tell when its socket takes bytes again
    bool is_closing = false;      // GOAWAY is out; closes when nothing is left
    bool goaway_final = false;
    bool hung_up = false;       // epoll has told that the peer's last byte is on its way
    bool input_ended = false;   // the peer has sent its last byte; its calls are finished
    bool is_lingering = false;  // all is said and written; the peer has still to take it
    bool is_dead = false;       // closes at the end of the cycle
    bool ping_is_new = false;   // goes out at the end of the cycle
    bool is_moving = false;     // on its way from one io thread to another
    uint64_t opened_ns = 0;
    uint64_t active_ns = 0;          // last byte received
    uint64_t blocked_since_ns = 0;   // the peer took no byte of our output since; 0: none waits
    int unacknowledged_at_tick = 0;  // while output or a PING waits, or it lingers
    uint64_t pinged_ns = 0;          // our PING is unanswered since; 0: none
    uint64_t closing_since_ns = 0;
    uint64_t lingering_since_ns = 0;  // the peer took no byte since
    uint64_t second_began_ns = 0;     // of the flood counter
    uint32_t control_frames = 0;      // within that second
    uint32_t resets = 0;              // within that second
  };
  Bookkeeping books;
  Connection* next_in_inbox = nullptr;

 private:
  // Bytes written of `from`; `closed` when the socket is broken.
  size_t write_some(const char* from, size_t bytes, bool& closed);
  size_t write_until_blocked(const char* from, size_t bytes, bool& closed);

  FileDescriptor fd_;
  std::unique_ptr<TlsStream> tls_;
  Http2Session http2_;
  const Limits& limits_;
  Bytes unsent_;            // what the socket did not take
  size_t unsent_from_ = 0;  // its first byte that is still to go
  size_t written_ = 0;
};

}  // namespace tiltyard
