// The connections of one io thread: reading what is ready, within budgets, and flushing replies.
//
// Registered edge-triggered. What could not be read for want of budget stays on the ready list for
// the next cycle; a connection whose output is blocked is not read until it moves again.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/replier.h"
#include "engine/rpc_receiver.h"
#include "net/connection.h"
#include "net/event_loop.h"

namespace tiltyard {

class ConnectionSet {
 public:
  ConnectionSet(const Limits& limits, EventLoop& loop, RpcReceiver& receiver, Replier& replier,
                IoCounters& counters);
  ~ConnectionSet();

  void add(std::unique_ptr<Connection> connection);
  // Takes the connection out, alive; it must have no open call.
  std::unique_ptr<Connection> detach(Connection& connection);
  const std::vector<Connection*>& all() const { return all_; }
  // Closes all where they stand; nothing is read or written any more.
  void close_all();
  bool has_ready() const { return !ready_.empty(); }

  // Reads the connections with events and those on the ready list into the arena, and feeds them.
  void read(std::span<const epoll_event> events);
  // Writes out what the cycle has produced.
  void flush(uint64_t now_ns);
  // Closes it at the end of the cycle.
  void doom(Connection& connection, Counter& reason);
  // After flush(): closes what has ended. Calls `closed` once for each.
  void close_doomed(const std::function<void()>& closed);

 private:
  void note_event(const epoll_event& event);
  // Whether this cycle may read from one more connection.
  bool has_room_in_cycle();
  bool finish_handshake(Connection& connection);
  void read_one(Connection& connection);
  void end_input(Connection& connection);
  bool is_flooding(Connection& connection);
  void linger(Connection& connection, uint64_t now_ns);
  void watch_output(Connection& connection, bool wanted);
  void put_on_ready_list(Connection& connection);
  void flush_one(Connection& connection, uint64_t now_ns);

  const Limits& limits_;
  EventLoop& loop_;
  RpcReceiver& receiver_;
  Replier& replier_;
  IoCounters& counters_;
  std::vector<Connection*> all_;      // owned
  std::vector<Connection*> ready_;    // to be read in this cycle or the next
  std::vector<Connection*> reading_;  // the ready list being worked off
  std::vector<Connection*> doomed_;
  std::unique_ptr<char[]> arena_;  // what this cycle has read; messages point into it
  size_t arena_used_ = 0;
  uint32_t handshakes_this_cycle_ = 0;
  Bytes scratch_;
};

}  // namespace tiltyard
