// What Python hands over to load a version and to publish a table, in C++ shapes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace tiltyard {

// The views must live until load_version() has returned.
struct LoadRequest {
  std::string model;
  int64_t number = 0;
  BytesView model_bytes;
  bool rowwise_proved = false;
  bool batchable_claimed = false;
  int intra_op_threads = 1;
  uint32_t batch_rows_max = 0;  // 0: the engine's
  uint64_t warmup_ms_max = 0;   // 0: the default
  std::vector<ExternalFile> external;
  std::vector<SampleTensor> samples;

  void add_external(const std::string& name, BytesView data) { external.push_back({name, data}); }
  // Error::load_failed when the datatype is unknown or the rank too large.
  Status add_sample(const std::string& datatype, const std::vector<int64_t>& shape, BytesView raw);
};

Status load_version(Engine& engine, LoadRequest& request, std::shared_ptr<ServedVersion>& out);

// Precomputed replies in the making; tables share what comes of it.
class RepliesDraft {
 public:
  void add(const std::string& method, const std::string& model, const std::string& version,
           const std::string& reply);
  // Once.
  std::shared_ptr<const RouteTable::Replies> make();

 private:
  std::shared_ptr<RouteTable::Replies> replies_ = std::make_shared<RouteTable::Replies>();
};

// A route table in the making.
class RouteDraft {
 public:
  void add_version(const std::shared_ptr<ServedVersion>& served);
  void add_rollout(const std::shared_ptr<Rollout>& rollout);
  // The model's champion, ready or not: without a rollout nobody serves in its place.
  void set_champion(const std::string& model, int64_t number);
  void add_unready(const std::string& model, int64_t number, const std::string& reason);
  // Sorts the versions and makes the table the one in force. Once.
  uint64_t publish(Engine& engine, std::shared_ptr<const RouteTable::Replies> replies, bool ready);

 private:
  ModelRoute& route(const std::string& model);

  std::map<std::string, ModelRoute> routes_;
};

}  // namespace tiltyard
