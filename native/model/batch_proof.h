// The numeric half of the proof that rows do not touch each other: the same rows alone and in
// batches, extremes among their neighbours, bit by bit.
//
// The static half, over the graph, is store/rowwise. Both must agree (design section 4).
#pragma once

#include <cstdint>

#include "infer/response_encode.h"
#include "model/model_version.h"
#include "model/trial_rows.h"

namespace tiltyard {

class Runner;

// What a comparison of a row's outputs found.
struct RowDifference {
  bool bitwise = true;
  double error = 0;            // largest relative difference of floats
  bool other_changed = false;  // an integer, a bool or a string differs, or a shape
};

class BatchProof {
 public:
  // Runs on `runner`; `rows_max` is how many rows a batch may get to have.
  BatchProof(const ModelVersion& version, Runner& runner, const TrialRows& rows)
      : version_(version), runner_(runner), rows_(rows) {}

  // A row's outputs when it is run with `rows_min` padding, against its outputs inside batches of
  // every size up to `rows_max`. Stops early, with fewer sizes, once `deadline_ns` has passed.
  // False: a run failed, `what` says how.
  [[nodiscard]] bool compare(uint32_t rows_max, uint64_t deadline_ns, RowDifference& found,
                             std::string& what);
  // The largest batch that was compared.
  uint32_t rows_compared() const { return rows_compared_; }

 private:
  struct Outputs {
    std::vector<Shape> shapes;
    std::vector<Bytes> data;
  };
  bool run_alone(const BoundRequest& row, Outputs& out, std::string& what);
  // `extreme` is the place of an extreme row in the batch, if there is one.
  bool run_batch(const std::vector<const BoundRequest*>& batch,
                 const std::vector<const Outputs*>& expected, size_t extreme, RowDifference& found,
                 std::string& what);
  bool compare_size(uint32_t size, RowDifference& found, std::string& what);
  bool compare_extremes(RowDifference& found, std::string& what);
  void compare_outputs(const Outputs& expected, RowDifference& found) const;
  static Outputs copy(const std::vector<OutputView>& views);

  const ModelVersion& version_;
  Runner& runner_;
  const TrialRows& rows_;
  uint32_t rows_compared_ = 1;
  std::vector<Outputs> alone_;  // of each row
  std::vector<Outputs> extremes_alone_;
  std::vector<OutputView> views_;
};

}  // namespace tiltyard
