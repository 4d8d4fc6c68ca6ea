#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <set>
#include <string>

#include "stats/shadow_stats.h"

using namespace tiltyard;

TEST_CASE("the counters of two threads never share a cache line") {
  CHECK(alignof(ShadowOfferStats) == kCacheLineBytes);
  CHECK(sizeof(ShadowOfferStats) % kCacheLineBytes == 0);
  CHECK(alignof(ShadowRunStats) == kCacheLineBytes);
}

TEST_CASE("all begin at 0, with a place for every error and every output") {
  const auto stats = std::make_unique<ShadowRunStats>(3);
  CHECK(stats->errors.size() == static_cast<size_t>(kErrorCount));
  CHECK(stats->ok.get() + stats->error.get() + stats->expired.get() == 0);
  for (size_t i = 0; i < 3; ++i) CHECK(stats->outputs[i].compared.get() == 0);
}

TEST_CASE("every reason to drop has a name and a counter of its own") {
  ShadowOfferStats stats;
  std::set<std::string> names;
  for (size_t i = 0; i < kShadowDrops; ++i) {
    names.insert(shadow_drop_name(static_cast<ShadowDrop>(i)));
    stats.drop(static_cast<ShadowDrop>(i));
    CHECK(stats.dropped[i].get() == 1);
  }
  CHECK(names.size() == kShadowDrops);
  CHECK(std::string(shadow_drop_name(ShadowDrop::bytes_full)) == "bytes_full");
}

TEST_CASE("fractions add up without a loss that would be seen") {
  ShadowOutputStats stats;
  for (int i = 0; i < 30'000; ++i) stats.add_disagreement(1.0 / 3);
  const double sum = static_cast<double>(stats.disagreed.get()) / ShadowOutputStats::kUnitsPerWhole;
  CHECK(sum == doctest::Approx(10'000).epsilon(1e-7));
  stats.add_disagreement(1);
  CHECK(stats.disagreed.get() - static_cast<uint64_t>(sum * ShadowOutputStats::kUnitsPerWhole) ==
        1u << 24);
}

TEST_CASE("differences of scores fall where they belong, however large they are") {
  auto stats = std::make_unique<ShadowOutputStats>();
  for (const double difference :
       {0.0, 1e-7, 1e-6, 0.25, 3.0, 1e6, 1e30, std::numeric_limits<double>::infinity()}) {
    stats->add_score_difference(difference);
  }
  LatencySnapshot found;
  found.merge(stats->score_difference);
  CHECK(found.total() == 8);
  CHECK(found.counts[0] == 2);
  CHECK(found.counts[1] == 1);
  CHECK(found.counts[LatencyHistogram::bucket_of(250'000)] == 1);
  CHECK(found.counts[LatencyHistogram::bucket_of(3'000'000)] == 1);
  CHECK(found.counts[LatencyHistogram::bucket_of(1'000'000'000'000)] == 1);
  CHECK(found.counts[LatencyHistogram::kBuckets - 1] == 2);
}
