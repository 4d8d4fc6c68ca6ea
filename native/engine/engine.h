// The data plane as a whole: made, started, fed with route tables, drained and stopped by Python.
//
// Its methods are for control threads (any; they lock among themselves where they must).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/acceptor.h"
#include "engine/io_thread.h"
#include "engine/reclaimer.h"
#include "engine/shadow_pool.h"
#include "engine/shared.h"
#include "engine/slow_path.h"
#include "engine/worker_pool.h"
#include "model/model_version.h"
#include "ring/record_reader.h"

namespace tiltyard {

class Engine {
 public:
  // Starts io threads and workers; nothing listens yet.
  Engine(OrtRuntime& runtime, const EngineOptions& options);
  ~Engine();

  Status listen(const ListenOptions& options, uint16_t& port);
  Status load_version(std::string model, int64_t number, BytesView model_bytes,
                      std::span<const ExternalFile> external, LoadOptions options,
                      std::shared_ptr<ServedVersion>& out);
  // What a rollout's shadows are bounded by; the rest of the options is for each to say.
  ShadowOptions shadow_options() const;
  // Shadow threads look after the rollout's shadows from now on. Before it is published.
  void adopt_shadows(const Rollout& rollout);
  // Whether a single row of this version runs on the io threads.
  bool is_inline(const ModelVersion& version) const;
  uint64_t publish(std::vector<ModelRoute> models,
                   std::shared_ptr<const RouteTable::Replies> replies, bool ready);
  SlowPath& slow_path() { return slow_path_; }
  // The one reader of what is recorded, which may outlive the engine; null: there is one already.
  std::unique_ptr<RecordReader> open_records() { return RecordReader::open(shared_.records); }

  void drain();
  bool drained() const;
  void stop();

  // For the reader of statistics.
  const EngineOptions& options() const { return shared_.options; }
  const EngineShared& shared() const { return shared_; }
  Reclaimer& reclaimer() { return reclaimer_; }
  const std::vector<std::unique_ptr<IoThread>>& io_threads() const { return io_threads_; }
  const WorkerPool& workers() const { return workers_; }
  const Acceptor& acceptor() const { return acceptor_; }

 private:
  OrtRuntime& runtime_;
  EngineShared shared_;
  SlowPath slow_path_;
  WorkerPool workers_;
  ShadowPool shadows_;
  std::vector<std::unique_ptr<IoThread>> io_threads_;
  Acceptor acceptor_;
  Reclaimer reclaimer_;
  bool stopped_ = false;
};

}  // namespace tiltyard
