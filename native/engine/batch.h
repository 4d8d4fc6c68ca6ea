// Runs a group of bound requests of one version and counts it; the same for io threads and workers.
//
// If the run of several fails, each is run alone, so that one bad row never spoils its neighbours.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "infer/request_bind.h"
#include "infer/response_encode.h"
#include "model/runner.h"

namespace tiltyard {

// Hears the result of each request of a group, in order; `index` is its place in the group.
class BatchSink {
 public:
  virtual void on_outputs(size_t index, std::span<const OutputView> outputs) = 0;
  virtual void on_error(size_t index, const Status& status) = 0;

 protected:
  ~BatchSink() = default;
};

// What a shadow thread runs is nobody's request: it is not counted with its version's.
enum class RunPlace : uint8_t { io_thread, worker, shadow };

class BatchRunner {
 public:
  // `slot` is the thread's place in every version's per-thread state.
  BatchRunner(uint32_t slot, RunPlace place) : slot_(slot), place_(place), runner_(slot) {}

  // `arrived_ns[i]` belongs to `requests[i]`.
  void run(const ModelVersion& version, std::span<const BoundRequest* const> requests,
           std::span<const uint64_t> arrived_ns, BatchSink& sink);

  // How long the last group ran, all of it; 0 when its run failed.
  uint64_t run_ns() const { return run_ns_; }
  // The same, over what the version's fit predicts.
  double run_over_predicted() const { return run_over_predicted_; }
  // Of the last run of the session.
  const RunTimes& times() const { return runner_.times(); }
  // The outputs of the last group are not looked at any more.
  void release_outputs() { runner_.release_outputs(); }

  // A request for `version` ended without a run.
  void count_failure(const ModelVersion& version, Error error, uint64_t waited_ns);

 private:
  void learn_cost(const ModelVersion& version, std::span<const BoundRequest* const> requests,
                  double run_ns);
  void deliver(const ModelVersion& version, std::span<const uint64_t> arrived_ns, size_t first,
               BatchSink& sink);
  void count_success(const ModelVersion& version, std::span<const uint64_t> arrived_ns,
                     uint64_t end_ns);

  const uint32_t slot_;
  const RunPlace place_;
  Runner runner_;
  uint64_t run_ns_ = 0;
  double run_over_predicted_ = 0;
  std::vector<OutputView> outputs_;
};

// Whether `next` may join `group`: the version is batchable, shapes agree, and rows leave room.
bool can_join(const ModelVersion& version, std::span<const BoundRequest* const> group,
              int64_t group_rows, const BoundRequest& next);

}  // namespace tiltyard
