#include <doctest/doctest.h>

#include "engine/named_counts.h"

using namespace tiltyard;

TEST_CASE("errors that happened have their names, the others are left out") {
  const NamedCounts errors = errors_of([](size_t i) {
    return i == static_cast<size_t>(Error::queue_full) ? uint64_t{3} : uint64_t{0};
  });
  REQUIRE(errors.size() == 1);
  CHECK(errors[0] == std::pair<std::string, uint64_t>("queue_full", 3));
}

TEST_CASE("buckets are those with any, by their smallest value") {
  LatencyHistogram histogram;
  histogram.update(65, 2);
  histogram.update(3);
  LatencySnapshot snapshot;
  snapshot.merge(histogram);
  CHECK(buckets_of(snapshot) == HistogramCounts{{3, 1}, {64, 2}});
}

TEST_CASE("quantiles are zeros when nothing was counted") {
  for (const auto& [name, ns] : quantiles_of(LatencySnapshot())) CHECK_MESSAGE(ns == 0, name);
}
