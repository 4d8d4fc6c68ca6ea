// How many rows a worker's group should have: as many as cost least a row, learned from its runs.
//
// A batch saves the fixed part of a run, but where the values between a network's layers outgrow
// the processor's cache, a row costs more in a large batch than alone. Sizes are powers of two;
// from the best known one the neighbours are tried, at first at once, then now and then. One a
// worker and version; its thread's own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tiltyard {

class GroupRows {
 public:
  // The most rows the next group should have, at least 1.
  int64_t next();
  // A group of `rows` rows and `elements` input elements took `run_ns`.
  void update(int64_t rows, int64_t elements, double run_ns);

 private:
  static constexpr size_t kSizes = 12;       // 1 to 2048 rows
  std::array<double, kSizes> element_ns_{};  // by log2 of the rows; 0: not seen
  size_t best_ = 0;
  uint32_t groups_ = 0;
};

}  // namespace tiltyard
