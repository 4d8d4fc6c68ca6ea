#include <doctest/doctest.h>

#include <memory>

#include "stats/version_stats.h"

using namespace tiltyard;

TEST_CASE("the statistics of two threads never share a cache line") {
  CHECK(alignof(VersionStats) == kCacheLineBytes);
  CHECK(sizeof(VersionStats) % kCacheLineBytes == 0);
}

TEST_CASE("all begin at 0, with a place for every error and every batch size") {
  const auto stats = std::make_unique<VersionStats>();
  CHECK(stats->errors.size() == static_cast<size_t>(kErrorCount));
  for (const Counter& error : stats->errors) CHECK(error.get() == 0);
  // Row counts from 0 to 256; the last place also counts all above.
  CHECK(stats->batch_sizes.size() == 257);
  for (const BatchSizeStats& size : stats->batch_sizes) CHECK(size.runs.get() == 0);
  LatencySnapshot latency;
  latency.merge(stats->latency);
  CHECK(latency.total() == 0);
}
