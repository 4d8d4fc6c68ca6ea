#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "stats/latency_histogram.h"

using namespace tiltyard;

namespace {

std::unique_ptr<LatencySnapshot> snapshot_of(const std::vector<uint64_t>& values) {
  auto histogram = std::make_unique<LatencyHistogram>();
  for (const uint64_t value : values) histogram->update(value);
  auto snapshot = std::make_unique<LatencySnapshot>();
  snapshot->merge(*histogram);
  return snapshot;
}

}  // namespace

TEST_CASE("buckets follow one another without a gap and hold their floor") {
  for (size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
    const uint64_t floor = LatencyHistogram::bucket_floor(bucket);
    CHECK(LatencyHistogram::bucket_of(floor) == bucket);
    if (bucket > 0) CHECK(LatencyHistogram::bucket_of(floor - 1) == bucket - 1);
  }
}

TEST_CASE("a bucket is at most 1/32 of its floor wide") {
  for (size_t bucket = LatencyHistogram::kSub; bucket + 1 < LatencyHistogram::kBuckets; ++bucket) {
    const uint64_t floor = LatencyHistogram::bucket_floor(bucket);
    CHECK((LatencyHistogram::bucket_floor(bucket + 1) - floor) * LatencyHistogram::kSub <= floor);
  }
}

TEST_CASE("what is larger than the last bucket counts in the last bucket") {
  CHECK(LatencyHistogram::bucket_of(~uint64_t{0}) == LatencyHistogram::kBuckets - 1);
  CHECK(LatencyHistogram::bucket_of(uint64_t{1} << 40) == LatencyHistogram::kBuckets - 1);
}

TEST_CASE("quantiles are the bucket's upper edge: at least the true one, at most 1/32 above") {
  std::mt19937_64 random(7);
  std::vector<uint64_t> values;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(uint64_t{1} << (random() % 39) | (random() & 0xffff));
  }
  const auto snapshot = snapshot_of(values);
  std::sort(values.begin(), values.end());
  for (const double q : {0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
    const uint64_t truth = values[rank - 1];
    CHECK(snapshot->quantile_ns(q) >= truth);
    CHECK(snapshot->quantile_ns(q) <= truth + truth / LatencyHistogram::kSub);
  }
}

TEST_CASE("small values are exact, and an empty snapshot says 0") {
  CHECK(0 == snapshot_of({})->quantile_ns(0.5));
  const auto snapshot = snapshot_of({1, 2, 3, 31});
  CHECK(1 == snapshot->quantile_ns(0.0));
  CHECK(2 == snapshot->quantile_ns(0.5));
  CHECK(31 == snapshot->quantile_ns(1.0));
}

TEST_CASE("merging adds counts") {
  auto histogram = std::make_unique<LatencyHistogram>();
  histogram->update(10, 3);
  auto snapshot = snapshot_of({10, 1'000'000});
  snapshot->merge(*histogram);
  CHECK(5 == snapshot->total());
  CHECK(4 == snapshot->counts[LatencyHistogram::bucket_of(10)]);
}
