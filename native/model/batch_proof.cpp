#include "model/batch_proof.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/clock.h"
#include "model/runner.h"

namespace tiltyard {
namespace {

// The first ones are always tried; kernels change their ways at powers of two and their neighbours.
constexpr uint32_t kSizes[] = {2, 3, 8, 128, 4, 7, 16, 31, 32, 64};
constexpr size_t kSizesAlways = 3;
constexpr size_t kNone = SIZE_MAX;

template <typename T>
void compare_floats(BytesView expected, BytesView got, RowDifference& found) {
  for (size_t at = 0; at < expected.size(); at += sizeof(T)) {
    T a, b;
    std::memcpy(&a, expected.data() + at, sizeof(T));
    std::memcpy(&b, got.data() + at, sizeof(T));
    if (std::memcmp(&a, &b, sizeof(T)) == 0 || (std::isnan(a) && std::isnan(b))) continue;
    found.bitwise = false;
    const double scale =
        std::max({std::abs(static_cast<double>(a)), std::abs(static_cast<double>(b)), 1e-30});
    const double error = std::abs(static_cast<double>(a) - static_cast<double>(b)) / scale;
    found.error = std::max(found.error, std::isfinite(error) ? error : HUGE_VAL);
  }
}

void compare_bytes(DataType type, BytesView expected, BytesView got, RowDifference& found) {
  if (expected == got) return;
  if (expected.size() == got.size() && type == DataType::FP32) {
    return compare_floats<float>(expected, got, found);
  }
  if (expected.size() == got.size() && type == DataType::FP64) {
    return compare_floats<double>(expected, got, found);
  }
  found.bitwise = false;
  found.other_changed = true;
}

}  // namespace

BatchProof::Outputs BatchProof::copy(const std::vector<OutputView>& views) {
  Outputs out;
  for (const OutputView& view : views) {
    out.shapes.push_back(view.shape);
    out.data.emplace_back(view.data);
  }
  return out;
}

bool BatchProof::run_alone(const BoundRequest& row, Outputs& out, std::string& what) {
  const BoundRequest* one = &row;
  const Status status = runner_.run(version_, {&one, 1});
  what = status.message;
  if (!status.ok()) return false;
  runner_.outputs(0, views_);
  out = copy(views_);
  return true;
}

void BatchProof::compare_outputs(const Outputs& expected, RowDifference& found) const {
  for (size_t o = 0; o < views_.size(); ++o) {
    if (!(expected.shapes[o] == views_[o].shape)) {
      found.bitwise = false;
      found.other_changed = true;
      continue;
    }
    compare_bytes(views_[o].spec->type, expected.data[o], views_[o].data, found);
  }
}

bool BatchProof::run_batch(const std::vector<const BoundRequest*>& batch,
                           const std::vector<const Outputs*>& expected, size_t extreme,
                           RowDifference& found, std::string& what) {
  const Status status = runner_.run(version_, batch);
  what = status.message;
  if (!status.ok()) return false;
  for (size_t i = 0; i < batch.size(); ++i) {
    runner_.outputs(i, views_);
    RowDifference row;
    compare_outputs(*expected[i], row);
    found.bitwise = found.bitwise && row.bitwise;
    // What an extreme row itself becomes is no measure: sums of 1e30 cancel to anything.
    if (i == extreme) continue;
    found.error = std::max(found.error, row.error);
    found.other_changed = found.other_changed || row.other_changed;
  }
  return true;
}

// Batches of `size` until every row has been in one, so that rows stand at different places.
bool BatchProof::compare_size(uint32_t size, RowDifference& found, std::string& what) {
  for (size_t first = 0; first < rows_.row_count(); first += size) {
    std::vector<const BoundRequest*> batch;
    std::vector<const Outputs*> expected;
    for (size_t i = first; i < first + size; ++i) {
      batch.push_back(&rows_.row(i));
      expected.push_back(&alone_[i % alone_.size()]);
    }
    if (!run_batch(batch, expected, kNone, found, what)) return false;
  }
  rows_compared_ = std::max(rows_compared_, size);
  return true;
}

// Each extreme row among ordinary ones: neither side may notice the other.
bool BatchProof::compare_extremes(RowDifference& found, std::string& what) {
  for (size_t e = 0; e < rows_.extremes().size(); ++e) {
    std::vector<const BoundRequest*> batch;
    std::vector<const Outputs*> expected;
    for (size_t i = 0; i < 3; ++i) {
      batch.push_back(i == 1 ? rows_.extremes()[e].get() : &rows_.row(e + i));
      expected.push_back(i == 1 ? &extremes_alone_[e] : &alone_[(e + i) % alone_.size()]);
    }
    if (!run_batch(batch, expected, 1, found, what)) return false;
  }
  return true;
}

bool BatchProof::compare(uint32_t rows_max, uint64_t deadline_ns, RowDifference& found,
                         std::string& what) {
  found = RowDifference();
  alone_.resize(rows_.row_count());
  extremes_alone_.resize(rows_.extremes().size());
  for (size_t i = 0; i < alone_.size(); ++i) {
    if (!run_alone(rows_.row(i), alone_[i], what)) return false;
  }
  for (size_t e = 0; e < extremes_alone_.size(); ++e) {
    if (!run_alone(*rows_.extremes()[e], extremes_alone_[e], what)) return false;
  }
  for (size_t s = 0; s < std::size(kSizes); ++s) {
    const uint32_t size = std::min(kSizes[s], rows_max);
    if (s >= kSizesAlways && monotonic_ns() > deadline_ns) break;
    if (!compare_size(size, found, what)) return false;
  }
  return compare_extremes(found, what);
}

}  // namespace tiltyard
