// Every RPC but the inference ones: readiness, health, precomputed replies, and the slow path.
//
// The io thread's own. Health.Watch calls are kept here and told when their status changes.
#pragma once

#include <string>
#include <vector>

#include "engine/replier.h"
#include "engine/rpc_receiver.h"
#include "engine/shared.h"

namespace tiltyard {

class IoThread;

class ServiceCalls {
 public:
  ServiceCalls(EngineShared& shared, IoThread& home, CallTable& calls, Replier& replier,
               IoCounters& counters)
      : shared_(shared), home_(home), calls_(calls), replier_(replier), counters_(counters) {}

  void answer(Call& call, ReceivedMessage& received, const RouteTable& table);
  // Tells watchers what has changed since they were last told; when draining, ends their calls.
  void update_watchers(const RouteTable& table);
  // A slow-path job has come back.
  void finish(Job& job);

 private:
  // grpc.health.v1.HealthCheckResponse.ServingStatus
  enum class Health : uint8_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };
  struct Watcher {
    CallHandle call;
    std::string service;
    Health told;
  };

  void answer_flag(const ReplyTo& to, bool flag);
  void answer_model_ready(const ReplyTo& to, BytesView model, BytesView version,
                          const RouteTable& table);
  void answer_precomputed(const ReplyTo& to, BytesView method, BytesView model, BytesView version,
                          const RouteTable& table);
  void answer_index(const ReplyTo& to, BytesView message, const RouteTable& table);
  void answer_precomputed_index(const ReplyTo& to, bool ready_only, const RouteTable& table);
  void check_health(const ReplyTo& to, BytesView service, const RouteTable& table);
  void watch_health(Call& call, const ReplyTo& to, BytesView service, const RouteTable& table);
  Health health_of(BytesView service, const RouteTable& table) const;
  void send_to_python(Call& call, ReceivedMessage& received);

  EngineShared& shared_;
  IoThread& home_;
  CallTable& calls_;
  Replier& replier_;
  IoCounters& counters_;
  std::vector<Watcher> watchers_;
};

}  // namespace tiltyard
