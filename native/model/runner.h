// Runs bound requests of one version as one batch on the calling thread.
//
// gather → ONNX Runtime → slices. One Runner a thread (`slot` picks the thread's buffers in each
// version). With buffers warm and shapes known nothing is allocated.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "infer/request_bind.h"
#include "infer/response_encode.h"
#include "model/model_version.h"

namespace tiltyard {

// When each part of a group's run began and ended; monotonic ns.
struct RunTimes {
  uint64_t start_ns = 0;      // gather begins
  uint64_t run_ns = 0;        // ONNX Runtime begins
  uint64_t run_end_ns = 0;    // ONNX Runtime has ended
};

class Runner {
 public:
  explicit Runner(uint32_t slot) : slot_(slot) {}
  ~Runner();

  // Runs all `requests` in one call of the session; more than one only if the version is batchable
  // and can_share_batch() holds between them. On an error no request has a result.
  Status run(const ModelVersion& version, std::span<const BoundRequest* const> requests);

  // The outputs request `index` asked for, in its order; valid until the next run().
  void outputs(size_t index, std::vector<OutputView>& out) const;
  const RunTimes& times() const { return times_; }
  int64_t rows() const { return rows_; }   // rows of the last run, padding not counted

 private:
  uint32_t slot_;
  RunTimes times_;
  int64_t rows_ = 0;
  // The helper that owns this file adds what it needs here.
};

}  // namespace tiltyard
