#include "engine/batch.h"

#include <algorithm>

#include "base/clock.h"

namespace tiltyard {

bool can_join(const ModelVersion& version, std::span<const BoundRequest* const> group,
              int64_t group_rows, const BoundRequest& next) {
  if (!version.batch_plan().batchable || next.rows < 1 || group.front()->rows < 1) return false;
  if (group_rows + next.rows > version.batch_rows_max()) return false;
  return can_share_batch(*group.front(), next);
}

void BatchRunner::run(const ModelVersion& version, std::span<const BoundRequest* const> requests,
                      std::span<const uint64_t> arrived_ns, BatchSink& sink) {
  // A run elsewhere is often interrupted by an io thread; inline a clock without a system call will
  // do.
  const bool measures_cpu = place_ != RunPlace::io_thread;
  const uint64_t cpu_begin_ns = measures_cpu ? thread_cpu_ns() : 0;
  const Status status = runner_.run(version, requests);
  if (status.ok()) {
    const RunTimes& times = runner_.times();
    run_ns_ = measures_cpu ? thread_cpu_ns() - cpu_begin_ns : times.run_end_ns - times.start_ns;
    learn_cost(version, requests, static_cast<double>(run_ns_));
    return deliver(version, arrived_ns, 0, sink);
  }
  run_ns_ = 0;
  run_over_predicted_ = 0;
  if (requests.size() == 1) {
    count_failure(version, status.error, monotonic_ns() - arrived_ns[0]);
    return sink.on_error(0, status);
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    const Status alone = runner_.run(version, requests.subspan(i, 1));
    if (alone.ok()) {
      deliver(version, arrived_ns.subspan(i, 1), i, sink);
    } else {
      count_failure(version, alone.error, monotonic_ns() - arrived_ns[i]);
      sink.on_error(i, alone);
    }
  }
}

void BatchRunner::learn_cost(const ModelVersion& version,
                             std::span<const BoundRequest* const> requests, double run_ns) {
  int64_t elements = 0;
  for (const BoundRequest* request : requests) elements += request->elements;
  run_over_predicted_ = 0;
  if (elements == 0) return;  // what nothing costs says nothing
  const double predicted_ns = std::max(1.0, version.cost().predict_ns(elements));
  ThreadState& state = version.thread(slot_);
  state.correction.update(predicted_ns, run_ns);
  if (place_ != RunPlace::io_thread) state.group_rows.update(runner_.rows(), elements, run_ns);
  run_over_predicted_ = run_ns / predicted_ns;
}

void BatchRunner::deliver(const ModelVersion& version, std::span<const uint64_t> arrived_ns,
                          size_t first, BatchSink& sink) {
  for (size_t i = 0; i < arrived_ns.size(); ++i) {
    runner_.outputs(i, outputs_);
    sink.on_outputs(first + i, outputs_);
  }
  count_success(version, arrived_ns, monotonic_ns());
}

void BatchRunner::count_success(const ModelVersion& version, std::span<const uint64_t> arrived_ns,
                                uint64_t end_ns) {
  if (place_ == RunPlace::shadow) return;
  VersionStats& stats = version.thread(slot_).stats;
  const RunTimes& times = runner_.times();
  const uint64_t requests = arrived_ns.size();
  const uint64_t input_ns = times.run_ns - times.start_ns;
  const uint64_t infer_ns = times.run_end_ns - times.run_ns;
  const uint64_t output_ns = end_ns - times.run_end_ns;
  uint64_t queued_ns = 0;
  for (uint64_t arrived : arrived_ns) queued_ns += times.start_ns - arrived;
  stats.success.add(requests);
  stats.queue_ns.add(queued_ns);
  stats.compute_input_ns.add(input_ns * requests);
  stats.compute_infer_ns.add(infer_ns * requests);
  stats.compute_output_ns.add(output_ns * requests);
  stats.success_ns.add(queued_ns + (input_ns + infer_ns + output_ns) * requests);
  stats.rows.add(static_cast<uint64_t>(runner_.rows()));
  stats.runs.add();
  (place_ == RunPlace::io_thread ? stats.inline_runs : stats.worker_runs).add();
  if (runner_.padded()) stats.padded_runs.add();
  stats.last_inference_ms.set(realtime_ms());
  const auto bucket =
      static_cast<size_t>(std::min<int64_t>(runner_.rows(), kBatchSizesCounted - 1));
  BatchSizeStats& sized = stats.batch_sizes[bucket];
  sized.runs.add();
  sized.compute_input_ns.add(input_ns);
  sized.compute_infer_ns.add(infer_ns);
  sized.compute_output_ns.add(output_ns);
}

void BatchRunner::count_failure(const ModelVersion& version, Error error, uint64_t waited_ns) {
  if (place_ == RunPlace::shadow) return;
  VersionStats& stats = version.thread(slot_).stats;
  stats.fail.add();
  stats.fail_ns.add(waited_ns);
  stats.errors[static_cast<size_t>(error)].add();
}

}  // namespace tiltyard
