// Requests to try a version with, made from sample tensors; what warm-up and the batch proof run.
//
// A row is one entry along dimension 0 of every input. Few samples are followed by variants of
// them, floats a little larger or smaller: two ways of rounding often agree on a value, never on
// many. Owns all bytes its requests point to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "infer/request_bind.h"
#include "model/model_version.h"

namespace tiltyard {

class TrialRows {
 public:
  // From the publisher's samples, or random where there are none and every input has numbers. On
  // failure `what` says why: samples that do not fit, or are needed.
  static std::unique_ptr<TrialRows> create(const Signature& signature,
                                           const std::vector<SampleTensor>& samples,
                                           std::string& what);

  // The samples as they are, in one request.
  const BoundRequest& whole() const { return whole_; }
  // Whether the samples fall apart into rows: every input has the same first dimension, at least 1.
  bool has_rows() const { return !rows_.empty(); }
  size_t row_count() const { return rows_.size(); }
  // Leaves the first `rows`, for models that are slow to try.
  void keep_rows(size_t rows) { rows_.resize(std::min(rows, rows_.size())); }
  // One row as a request; `index` may be any number, rows repeat.
  const BoundRequest& row(size_t index) const { return *rows_[index % rows_.size()]; }
  // Rows of numbers far from anything a model was trained on, one kind each (floats only; integers
  // and strings keep the values of row 0).
  const std::vector<std::unique_ptr<BoundRequest>>& extremes() const { return extremes_; }

 private:
  explicit TrialRows(const Signature& signature) : signature_(signature) {}
  void add_rows(const std::vector<SampleTensor>& samples);
  void add_variants();
  void add_extremes();
  std::unique_ptr<BoundRequest> bind(const std::vector<SampleTensor>& tensors);

  const Signature& signature_;
  BoundRequest whole_;
  std::vector<std::unique_ptr<BoundRequest>> rows_;
  std::vector<std::unique_ptr<BoundRequest>> extremes_;
  std::vector<std::unique_ptr<std::vector<SampleTensor>>> owned_;
};

}  // namespace tiltyard
