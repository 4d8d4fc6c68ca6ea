#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "stats/io_counters.h"

using namespace tiltyard;

TEST_CASE("the counters of two io threads never share a cache line") {
  CHECK(alignof(IoCounters) == kCacheLineBytes);
  CHECK(sizeof(IoCounters) % kCacheLineBytes == 0);
  std::vector<IoCounters> threads(2);
  CHECK(reinterpret_cast<uintptr_t>(&threads[1]) % kCacheLineBytes == 0);
}

TEST_CASE("all begin at 0, with a place for every error") {
  const auto counters = std::make_unique<IoCounters>();
  CHECK(counters->errors.size() == static_cast<size_t>(kErrorCount));
  for (const Counter& error : counters->errors) CHECK(error.get() == 0);
  CHECK(counters->connections_moved_in.get() == 0);
}
