// What time does to connections: deadlines, keepalive, idleness, age, floods, draining, balance.
//
// The io thread calls tick() every kTickNs; time comes in as an argument, so tests bring their own.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/connection_set.h"
#include "engine/shared.h"
#include "grpc/call_table.h"

namespace tiltyard {

class ConnectionKeeper {
 public:
  static constexpr uint64_t kTickNs = 100'000'000;

  ConnectionKeeper(EngineShared& shared, ConnectionSet& connections, CallTable& calls,
                   RpcReceiver& receiver, Replier& replier, IoCounters& counters)
      : shared_(shared),
        limits_(shared.options.limits),
        connections_(connections),
        calls_(calls),
        receiver_(receiver),
        replier_(replier),
        counters_(counters) {}

  void tick(uint64_t now_ns);
  // Tells every client to go elsewhere; what was accepted is finished.
  void begin_drain(uint64_t now_ns);
  // A limit of a connection's age, up to a tenth earlier by `seed`: connections that were opened
  // together do not all come back together.
  static uint64_t spread_age_ms(uint64_t age_ms_max, uint32_t seed);
  // Requests that this thread's connections brought in the last tick.
  uint64_t requests_per_tick() const { return requests_per_tick_; }
  // The connection whose move would even out best what this thread has above another; null: none.
  Connection* choose_to_move(uint64_t other_requests_per_tick) const;

 private:
  void tick_one(Connection& connection, uint64_t now_ns);
  static void note_progress(Connection& connection, uint64_t now_ns);
  void check_timeouts(Connection& connection, uint64_t now_ns);
  static void begin_second(Connection& connection, uint64_t now_ns);
  void check_keepalive(Connection& connection, uint64_t now_ns);
  void begin_close(Connection& connection, uint64_t now_ns);
  void advance_close(Connection& connection, uint64_t now_ns);
  void check_lingering(Connection& connection, uint64_t now_ns);
  void check_calls(Connection& connection, uint64_t now_ns);
  void expire(Call& call, uint64_t now_ns);
  void check_output(Call& call, uint64_t now_ns);

  EngineShared& shared_;
  const Limits& limits_;
  ConnectionSet& connections_;
  CallTable& calls_;
  RpcReceiver& receiver_;
  Replier& replier_;
  IoCounters& counters_;
  uint64_t requests_per_tick_ = 0;
};

}  // namespace tiltyard
