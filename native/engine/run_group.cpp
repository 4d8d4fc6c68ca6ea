#include "engine/run_group.h"

namespace tiltyard {
namespace {

// A batch saves the fixed part of a run; beyond this it only makes its first request wait.
constexpr double kGroupNsMax = 20e6;

}  // namespace

void RunGroup::begin(const ModelVersion& version) {
  version_ = &version;
  rows_ = elements_ = 0;
  rows_max_ = version.thread(slot_).group_rows.next();
  bound_.clear();
  arrived_ns_.clear();
}

bool RunGroup::fits(const BoundRequest& next) const {
  if (bound_.empty()) return true;
  return can_join(*version_, bound_, rows_, next) &&
         version_->predict_ns(slot_, elements_ + next.elements) <= kGroupNsMax;
}

void RunGroup::add(const BoundRequest& bound, uint64_t arrived_ns) {
  bound_.push_back(&bound);
  arrived_ns_.push_back(arrived_ns);
  rows_ += bound.rows;
  elements_ += bound.elements;
}

bool RunGroup::is_full() const {
  return !version_->batch_plan().batchable || rows_ >= rows_max_;
}

}  // namespace tiltyard
