#include "model/group_rows.h"

#include <algorithm>
#include <bit>

namespace tiltyard {
namespace {

constexpr uint32_t kGroupsBetweenTries = 64;
// A larger group makes its first request wait: it has to be worth it.
constexpr double kWorthwhile = 0.97;
// The weight of a new run in what is known of its size; one that was preempted counts twice at
// most.
constexpr double kNewWeight = 0.125;
constexpr double kOutlier = 2;

}  // namespace

int64_t GroupRows::next() {
  ++groups_;
  size_t size = best_;
  const bool may_grow = element_ns_[best_] != 0 && best_ + 1 < kSizes;
  if (may_grow && (element_ns_[best_ + 1] == 0 || groups_ % kGroupsBetweenTries == 0)) {
    size = best_ + 1;
  } else if (best_ > 0 && groups_ % kGroupsBetweenTries == kGroupsBetweenTries / 2) {
    size = best_ - 1;
  }
  return int64_t{1} << size;
}

void GroupRows::update(int64_t rows, int64_t elements, double run_ns) {
  if (rows < 1 || elements < 1) return;
  const size_t size = std::min<size_t>(
      static_cast<size_t>(std::bit_width(static_cast<uint64_t>(rows))) - 1, kSizes - 1);
  const double seen = run_ns / static_cast<double>(elements);
  double& known = element_ns_[size];
  known = known == 0 ? seen : known + (std::min(seen, known * kOutlier) - known) * kNewWeight;
  // The smallest size that none larger beats by enough.
  size_t best = 0;
  for (size_t i = 1; i < kSizes; ++i) {
    if (element_ns_[i] == 0) continue;
    if (element_ns_[best] == 0 || element_ns_[i] < element_ns_[best] * kWorthwhile) best = i;
  }
  best_ = best;
}

}  // namespace tiltyard
