// What a run of a version costs, to decide where it runs: fitted at warm-up, corrected by every
// run.
//
// A request's size is its input elements, not its rows: where other dimensions are free, a row of
// one request may be a hundred times that of another.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tiltyard {

// run time = base_ns + row_ns * rows, with rows of `row_elements` input elements each.
struct RunCost {
  double base_ns = 0;
  double row_ns = 0;
  double row_elements = 1;

  double lone_ns() const { return base_ns + row_ns; }
  double predict_ns(int64_t elements) const {
    return base_ns + row_ns * static_cast<double>(elements) / row_elements;
  }
  // The most input elements that a run of at most `run_ns` has; -1 when not even none fits.
  int64_t elements_within(double run_ns) const {
    if (run_ns < base_ns) return -1;
    const double elements = (run_ns - base_ns) * row_elements / std::max(row_ns, 1e-3);
    return static_cast<int64_t>(std::min(elements, 1e15));
  }
};

// How far the fit is off for what is really asked: warm-up knows neither the shapes nor the load to
// come. Follows the median of actual / predicted in small steps, so that a run that was preempted
// does not count for more than another. One a thread and version; its thread's own.
class CostCorrection {
 public:
  double factor() const { return factor_; }

  void update(double predicted_ns, double actual_ns) {
    const double step = actual_ns > predicted_ns * factor_ ? kStep : 1 / kStep;
    factor_ = std::clamp(factor_ * step, 1 / kFactorMax, kFactorMax);
  }

 private:
  static constexpr double kStep = 1.05;
  static constexpr double kFactorMax = 1e4;
  double factor_ = 1;
};

}  // namespace tiltyard
