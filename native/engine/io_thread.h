// One io thread: the spine of the data plane. Its cycle is the life of a request
// (native/README.md).
//
// Owns its connections and their calls; nobody else touches them. Other threads hand it new
// connections and finished jobs through inboxes that never block, and wake it when it sleeps.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "engine/connection_keeper.h"
#include "engine/connection_set.h"
#include "engine/infer_path.h"
#include "engine/replier.h"
#include "engine/rpc_receiver.h"
#include "engine/service_calls.h"
#include "engine/shared.h"
#include "grpc/call_table.h"
#include "net/event_loop.h"
#include "ring/mpsc_inbox.h"

namespace tiltyard {

class IoThread {
 public:
  // `index` is also its slot in every version and its reader number at the route cell.
  IoThread(EngineShared& shared, uint32_t index);
  ~IoThread();
  // `peers`: all io threads of the engine, this one among them; they outlive the thread.
  void start(const std::vector<std::unique_ptr<IoThread>>& peers);
  // Ends the thread; its connections are closed where they stand.
  void stop();

  // From any thread.
  void take_connection(std::unique_ptr<Connection> connection);
  void take_home(Job* job);
  void wake();
  uint32_t connections() const { return connection_count_.load(std::memory_order_relaxed); }
  uint32_t open_calls() const { return open_calls_.load(std::memory_order_relaxed); }
  const IoCounters& counters() const { return counters_; }

  // From the parts of this thread: the message is looked at again in the next cycle.
  void put_off(ReceivedMessage& received);

 private:
  void run();
  void cycle();
  std::span<const epoll_event> wait();
  bool has_work() const;
  int wait_ms(uint64_t now_ns) const;
  void take_inboxes();
  void decode_and_route(const RouteTable& table);
  [[nodiscard]] bool answer_message(ReceivedMessage& received, const RouteTable& table);
  [[nodiscard]] bool inflate(ReceivedMessage& received, Encoding encoding);
  void take_put_off();
  void pass_time(const RouteTable& table, uint64_t now_ns);
  void balance();
  void move_connection();

  EngineShared& shared_;
  const uint32_t index_;
  const bool shares_core_;  // with other io threads
  const std::vector<std::unique_ptr<IoThread>>* peers_ = nullptr;
  IoCounters counters_;
  EventLoop loop_;
  CallTable calls_;
  Replier replier_;
  RpcReceiver receiver_;
  ConnectionSet connections_;
  ConnectionKeeper keeper_;
  InferPath infer_;
  ServiceCalls services_;

  uint64_t next_tick_ns_ = 0;
  uint64_t spin_until_ns_ = 0;
  uint64_t table_epoch_seen_ = 0;
  bool draining_seen_ = false;
  Connection* moving_ = nullptr;  // leaves for `moving_to_` once it has no open call
  IoThread* moving_to_ = nullptr;
  Bytes inflated_;
  uint64_t inflated_this_cycle_ = 0;
  std::vector<ReceivedMessage> put_off_;  // with their own bytes, for the next cycle

  alignas(kCacheLineBytes) std::atomic<bool> asleep_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> connection_count_{0};
  std::atomic<uint32_t> open_calls_{0};
  std::atomic<uint64_t> requests_per_tick_{0};
  MpscInbox<Connection> arrivals_;
  MpscInbox<Job> finished_;
  std::thread thread_;
};

}  // namespace tiltyard
