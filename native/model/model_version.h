// A loaded version: its session, what warm-up found out about it, and its statistics.
//
// Immutable after load() but for the per-thread state, each slot of which only its own thread
// writes, and for what is recorded of it, which a control thread says. Shared by the route table
// and by jobs that wait for it; freed when the last lets go.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "infer/tensor.h"
#include "model/group_rows.h"
#include "model/ort_session.h"
#include "model/record_plan.h"
#include "model/run_buffers.h"
#include "model/run_cost.h"
#include "stats/version_stats.h"

namespace tiltyard {

// Rows to prove batchability with: one tensor an input, dimension 0 the rows.
struct SampleTensor {
  DataType type;
  Shape shape;
  Bytes raw;  // as raw_input_contents would carry it
};

struct LoadOptions {
  SessionOptions session;
  bool rowwise_proved = false;     // the static pass over the graph (store/rowwise.py) proved it
  bool batchable_claimed = false;  // the publisher said --batchable
  uint32_t batch_rows_max = 128;
  uint32_t thread_slots = 1;
  uint64_t warmup_ns_max = 200'000'000;
  std::vector<SampleTensor> samples;  // one an input; empty: random where dtypes allow it
};

// What numeric trials at load found.
struct BatchPlan {
  bool batchable = false;
  uint32_t rows_min = 1;  // lone rows are padded to this, 1 or 2
  bool bitwise = false;   // a row's bits are the same alone and in any batch
  double error_max = 0;   // else the relative difference to expect: twice the largest seen
  std::string reason;     // why it is not batchable, or not bitwise; empty otherwise
};

struct ThreadState {
  VersionStats stats;
  CostCorrection correction;
  GroupRows group_rows;  // of workers
  RunBuffers buffers;    // made at first use
};

class ModelVersion {
 public:
  // Makes the session, runs it once, proves batching, fits the cost. Takes as long as that takes;
  // called on a load thread. On failure `out` stays empty and the Status says why.
  static Status load(OrtRuntime& runtime, std::string model, int64_t number, BytesView model_bytes,
                     std::span<const ExternalFile> external, const LoadOptions& options,
                     std::shared_ptr<ModelVersion>& out);
  ~ModelVersion();

  const std::string& model() const { return model_; }
  int64_t number() const { return number_; }
  const std::string& number_text() const { return number_text_; }
  const Signature& signature() const { return session_->signature(); }
  const OrtSession& session() const { return *session_; }
  OrtRuntime& runtime() const { return runtime_; }
  const BatchPlan& batch_plan() const { return batch_plan_; }
  const RunCost& cost() const { return cost_; }
  // What the thread of `slot` expects a run over so many input elements to take.
  double predict_ns(uint32_t slot, int64_t elements) const {
    return cost_.predict_ns(elements) * thread(slot).correction.factor();
  }
  int64_t elements_within(uint32_t slot, double run_ns) const {
    return cost_.elements_within(run_ns / thread(slot).correction.factor());
  }
  uint32_t batch_rows_max() const { return batch_rows_max_; }
  // Output shapes with -1 for the rows, known when every other dimension is; else rank 0 and false.
  bool outputs_preallocated() const { return outputs_preallocated_; }
  const std::vector<Shape>& output_shapes() const { return output_shapes_; }
  uint32_t thread_slots() const { return static_cast<uint32_t>(threads_.size()); }
  ThreadState& thread(uint32_t slot) const { return *threads_[slot]; }

  // What is recorded of its answers; null: nothing. It lives as long as the version does.
  const RecordPlan* record_plan() const { return record_plan_.load(std::memory_order_acquire); }
  // From now on, by any control thread; null: nothing is recorded any more.
  void set_record_plan(std::shared_ptr<const RecordPlan> plan);

 private:
  ModelVersion(OrtRuntime& runtime, std::string model, int64_t number);
  friend class Warmup;
  // Makes the session and warms it up; again in place of the one there is.
  [[nodiscard]] bool open(BytesView model_bytes, std::span<const ExternalFile> external,
                          const LoadOptions& options, std::string& what);

  OrtRuntime& runtime_;
  std::string model_;
  int64_t number_;
  std::string number_text_;
  std::unique_ptr<OrtSession> session_;
  BatchPlan batch_plan_;
  RunCost cost_;
  uint32_t batch_rows_max_ = 1;
  bool outputs_preallocated_ = false;
  std::vector<Shape> output_shapes_;
  std::vector<std::unique_ptr<ThreadState>> threads_;
  std::atomic<const RecordPlan*> record_plan_{nullptr};
  std::mutex record_plans_mutex_;  // control threads only
  // All there have been: a thread may still be at work with one that was replaced.
  std::vector<std::shared_ptr<const RecordPlan>> record_plans_;
};

}  // namespace tiltyard
