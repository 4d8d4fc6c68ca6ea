// The group that a worker or a shadow thread puts together from what waits in a queue.
//
// It grows while a batch saves more than it makes its first request wait. The thread's own; what it
// points to belongs to whoever adds it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/batch.h"

namespace tiltyard {

class RunGroup {
 public:
  // `slot` is the thread's place in every version's per-thread state.
  explicit RunGroup(uint32_t slot) : slot_(slot) {}

  // Begins an empty group of `version`, which lives until the next.
  void begin(const ModelVersion& version);
  // Whether a request may join: any may when there is none.
  bool fits(const BoundRequest& next) const;
  void add(const BoundRequest& bound, uint64_t arrived_ns);
  // Whether it should be run now, whatever else waits.
  bool is_full() const;

  bool empty() const { return bound_.empty(); }
  std::span<const BoundRequest* const> bound() const { return bound_; }
  std::span<const uint64_t> arrived_ns() const { return arrived_ns_; }

 private:
  const uint32_t slot_;
  const ModelVersion* version_ = nullptr;
  int64_t rows_ = 0;
  int64_t rows_max_ = 0;  // a group should have
  int64_t elements_ = 0;
  std::vector<const BoundRequest*> bound_;
  std::vector<uint64_t> arrived_ns_;
};

}  // namespace tiltyard
