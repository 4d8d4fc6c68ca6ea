// The way of a ModelInfer request on an io thread: decode, route, bind; group; run; encode.
//
// One a thread. accept() is called for each message of the cycle, run_groups() once, and after the
// flush record_latency(). What is too slow for this thread goes to the workers as jobs.
#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "base/stable_pool.h"
#include "engine/batch.h"
#include "engine/recorder.h"
#include "engine/replier.h"
#include "engine/rpc_receiver.h"
#include "engine/shadow_offers.h"
#include "engine/shared.h"

namespace tiltyard {

class IoThread;

class InferPath final : private BatchSink {
 public:
  InferPath(EngineShared& shared, IoThread& home, uint32_t slot, CallTable& calls, Replier& replier,
            IoCounters& counters)
      : shared_(shared),
        limits_(shared.options.limits),
        home_(home),
        slot_(slot),
        calls_(calls),
        replier_(replier),
        counters_(counters),
        batch_(slot, RunPlace::io_thread),
        recorder_(*shared.records, slot),
        shadow_offers_(shared, slot, random_seed()),
        lottery_(random_seed()) {}

  // Decodes, routes and binds. True: the message must live until record_latency(). False: it had a
  // mistake, which is answered, and it is not needed any more.
  [[nodiscard]] bool accept(Call& call, ReceivedMessage& received, const RouteTable& table);
  void run_groups();
  // A job has come back.
  void finish(Job& job);
  // The replies of this cycle have been handed to their sockets.
  void record_latency(uint64_t now_ns);

 private:
  // A request of this cycle, from accept() to record_latency().
  struct Pending {
    ReceivedMessage* received = nullptr;
    Assignment assignment;
    uint64_t deadline_ns = 0;
    bool is_stream = false;
    bool ran = false;
    InferRequestView request;
    BoundRequest bound;

    const std::shared_ptr<ServedVersion>& served() const { return *assignment.served; }
    const ModelVersion& version() const { return *served()->version; }
    void trim() {
      request.trim();
      bound.trim();
    }
  };
  struct Group {
    static constexpr size_t kRequestsKept = 256;

    const std::shared_ptr<ServedVersion>* served = nullptr;
    int64_t rows = 0;
    int64_t elements = 0;
    int64_t elements_max = 0;  // what may run inline
    bool is_long = false;      // one request, longer than that
    double predicted_ns = 0;
    std::vector<Pending*> pending;
    std::vector<const BoundRequest*> bound;
    std::vector<uint64_t> arrived_ns;

    void trim() {
      clear_and_trim(pending, kRequestsKept);
      clear_and_trim(bound, kRequestsKept);
      clear_and_trim(arrived_ns, kRequestsKept);
    }
  };
  struct Finished {
    std::shared_ptr<ServedVersion> served;
    Assignment assignment;
    uint64_t arrived_ns;
  };

  Status route_and_bind(Pending& pending, BytesView metadata_key, const RouteTable& table);
  Status bind(Pending& pending);
  bool is_worth_running(Pending& pending, uint64_t now_ns);
  void join_group(Pending& pending);
  Group& begin_group(const Pending& pending);
  enum class Place : uint8_t { here, workers, next_cycle };
  void order_groups();
  Place place_of(const Group& group) const;
  void run_group(Group& group);
  void run_here(Group& group);
  void send_to_workers(Group& group);
  void submit(Pending& pending);
  void route_again(Job& job);
  void fail(Pending& pending, const Status& status);

  // The request was answered with `reply`: its arm's shadows may see it.
  void show_shadows(Pending& pending, BytesView reply);

  void on_outputs(size_t index, std::span<const OutputView> outputs) override;
  void on_error(size_t index, const Status& status) override;

  EngineShared& shared_;
  const Limits& limits_;
  IoThread& home_;
  const uint32_t slot_;
  CallTable& calls_;
  Replier& replier_;
  IoCounters& counters_;
  BatchRunner batch_;
  StablePool<Pending> pending_;
  StablePool<Group> groups_;
  Group* running_ = nullptr;
  std::vector<Group*> order_;  // of groups_, as they run
  double cycle_run_ns_ = 0;    // predicted, of the groups run in this cycle
  std::vector<Finished> finished_;
  Recorder recorder_;
  ShadowOffers shadow_offers_;
  uint64_t lottery_;  // of requests without a key, splitmix64's state
};

}  // namespace tiltyard
