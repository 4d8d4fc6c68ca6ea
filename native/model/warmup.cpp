#include "model/warmup.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "model/batch_proof.h"

namespace tiltyard {
namespace {

// Beyond this two results are not the same number computed in another order.
constexpr double kErrorMax = 1e-4;
constexpr int kTimingsMax = 7;
constexpr size_t kCostRows = 128;
// Each row is run alone and in some ten batches, twice over: a slow model is tried with fewer.
constexpr double kRunsOfARow = 24;
constexpr double kTrialRowsMin = 4;

bool all_first_dimensions_free(const std::vector<TensorSpec>& specs) {
  return std::all_of(specs.begin(), specs.end(), [](const TensorSpec& spec) {
    return spec.shape.rank > 0 && spec.shape[0] < 0;
  });
}

}  // namespace

bool Warmup::run(std::string& what) {
  deadline_ns_ = monotonic_ns() + options_.warmup_ns_max;
  rows_ = TrialRows::create(version_.signature(), options_.samples, what);
  if (rows_ == nullptr) return false;
  const BoundRequest* const whole = &rows_->whole();
  const Status status = runner_.run(version_, {&whole, 1});
  if (!status.ok()) {
    what = status.message;
    if (options_.samples.empty()) what += " (on random input; golden samples may be needed)";
    return false;
  }
  prove_batching();
  fit_cost();
  return true;
}

void Warmup::refuse_batching(std::string reason) {
  version_.batch_plan_ = BatchPlan();
  version_.batch_plan_.reason = std::move(reason);
  version_.outputs_preallocated_ = false;
  version_.output_shapes_.clear();
}

std::vector<const BoundRequest*> Warmup::first_rows(size_t rows) const {
  std::vector<const BoundRequest*> requests;
  for (size_t i = 0; i < rows; ++i) requests.push_back(&rows_->row(i));
  return requests;
}

// Outputs can be laid out in advance when all their dimensions but the rows are always the same.
void Warmup::learn_output_shapes() {
  std::vector<Shape> shapes;
  std::vector<OutputView> views;
  for (size_t rows : {size_t{1}, size_t{2}, size_t{3}}) {
    const auto requests = first_rows(rows);
    if (!runner_.run(version_, requests).ok()) return;
    runner_.outputs(0, views);
    for (size_t o = 0; o < views.size(); ++o) {
      const TensorSpec& spec = version_.signature().outputs[o];
      if (spec.type == DataType::BYTES || views[o].shape.rank == 0 || views[o].shape[0] != 1)
        return;
      const Shape shape = with_rows(views[o].shape, -1);
      if (row_bytes_of(spec, shape) == 0) return;
      if (rows == 1) shapes.push_back(shape);
      if (!(shapes[o] == shape)) return;
    }
  }
  for (const TensorSpec& spec : version_.signature().inputs) {
    if (row_bytes_of(spec, spec.shape) == 0) return;
  }
  version_.output_shapes_ = std::move(shapes);
  version_.outputs_preallocated_ = true;
}

void Warmup::prove_batching() {
  if (!options_.rowwise_proved && !options_.batchable_claimed) {
    return refuse_batching("the graph is not proved row-wise");
  }
  if (!all_first_dimensions_free(version_.signature().inputs)) {
    return refuse_batching("the first dimension of every input must be free");
  }
  if (!rows_->has_rows()) return refuse_batching("the samples do not fall apart into rows");
  version_.batch_plan_.batchable = true;  // for the trials
  const double row_ns = std::max(1.0, time_ns(first_rows(1)));
  const double affordable = static_cast<double>(options_.warmup_ns_max) / row_ns / kRunsOfARow;
  rows_->keep_rows(static_cast<size_t>(std::clamp(affordable, kTrialRowsMin, 1e6)));
  learn_output_shapes();
  // Matrix kernels may round a lone row in their own way; two rows and more they treat alike.
  const Trial lone = try_rows_min(1);
  if (lone.difference.bitwise && lone.ran) return accept(lone);
  const Trial padded = try_rows_min(2);
  accept(padded.difference.bitwise || !lone.ran ? padded : lone);
}

Warmup::Trial Warmup::try_rows_min(uint32_t rows_min) {
  Trial trial;
  trial.rows_min = rows_min;
  version_.batch_plan_.rows_min = rows_min;
  BatchProof proof(version_, runner_, *rows_);
  trial.ran = proof.compare(options_.batch_rows_max, deadline_ns_, trial.difference, trial.what);
  trial.rows_max = proof.rows_compared();
  return trial;
}

// What is worse than rounding is no batch at all.
void Warmup::accept(const Trial& trial) {
  if (!trial.ran) return refuse_batching("a batch does not run: " + trial.what);
  const RowDifference& difference = trial.difference;
  if (difference.other_changed) return refuse_batching("a row's result changes with its batch");
  if (difference.error > kErrorMax) {
    return refuse_batching("a row's result changes with its batch, by a relative " +
                           std::to_string(difference.error));
  }
  BatchPlan& plan = version_.batch_plan_;
  plan.rows_min = trial.rows_min;
  plan.bitwise = difference.bitwise;
  // A last bit is worth up to twice as much, relative to its number, in other numbers than these.
  plan.error_max = 2 * difference.error;
  plan.reason = difference.bitwise ? "" : "rounding differs with the batch";
  // A batch never gets larger than those that were compared.
  version_.batch_rows_max_ = std::min(options_.batch_rows_max, trial.rows_max);
}

// The least of several: what is above it is the machine's doing, not the model's.
double Warmup::time_ns(const std::vector<const BoundRequest*>& requests) {
  double least = 0;
  for (int i = 0; i < kTimingsMax; ++i) {
    const uint64_t begin_ns = monotonic_ns();
    if (!runner_.run(version_, requests).ok()) return 0;
    const auto took = static_cast<double>(monotonic_ns() - begin_ns);
    least = i == 0 ? took : std::min(least, took);
    if (i > 0 && monotonic_ns() > deadline_ns_) break;
  }
  return least;
}

void Warmup::fit_cost() {
  RunCost& cost = version_.cost_;
  if (!rows_->has_rows()) {
    // In one piece: a request that is larger must not be thought as short.
    cost.row_ns = time_ns({&rows_->whole()});
    cost.row_elements = static_cast<double>(std::max<int64_t>(1, rows_->whole().elements));
    return;
  }
  cost.row_elements = static_cast<double>(std::max<int64_t>(1, rows_->row(0).elements));
  const double one_ns = time_ns(first_rows(1));
  const double whole_rows = static_cast<double>(rows_->whole().rows);
  double many_ns = 0, many = 0;
  if (version_.batch_plan_.batchable) {
    many = std::min<double>(version_.batch_rows_max_, kCostRows);
    many_ns = time_ns(first_rows(static_cast<size_t>(many)));
  } else {
    many = whole_rows;
    many_ns = time_ns({&rows_->whole()});
  }
  // A request of many rows must not be thought short, so without a second point rows cost in full.
  cost.row_ns = many > 1 ? std::max(0.0, (many_ns - one_ns) / (many - 1)) : one_ns;
  cost.base_ns = std::max(0.0, one_ns - cost.row_ns);
}

}  // namespace tiltyard
