// What loading finds out about a version by running it: that it runs, whether rows may be batched,
// and what a run costs. Runs on the load thread, before the version serves.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/batch_proof.h"
#include "model/model_version.h"
#include "model/runner.h"
#include "model/trial_rows.h"

namespace tiltyard {

class Warmup {
 public:
  Warmup(ModelVersion& version, const LoadOptions& options)
      : version_(version), options_(options), runner_(0) {}

  // Fills in the version's batch plan, cost and output shapes. False: it does not run; `what` has
  // ONNX Runtime's words.
  [[nodiscard]] bool run(std::string& what);

 private:
  void learn_output_shapes();
  void prove_batching();
  // The proof with lone rows padded to `rows_min`.
  struct Trial {
    uint32_t rows_min = 1;
    uint32_t rows_max = 1;
    bool ran = false;
    RowDifference difference;
    std::string what;
  };
  Trial try_rows_min(uint32_t rows_min);
  void accept(const Trial& trial);
  void refuse_batching(std::string reason);
  void fit_cost();
  double time_ns(const std::vector<const BoundRequest*>& requests);
  std::vector<const BoundRequest*> first_rows(size_t rows) const;

  ModelVersion& version_;
  const LoadOptions& options_;
  Runner runner_;
  std::unique_ptr<TrialRows> rows_;
  uint64_t deadline_ns_ = 0;
};

}  // namespace tiltyard
