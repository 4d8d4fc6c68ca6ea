// Counter, and the blocks of them that an io thread (io_counters.h) and a version's thread
// (version_stats.h) write.
#include <doctest/doctest.h>

#include <memory>
#include <thread>

#include "stats/counters.h"
#include "stats/io_counters.h"
#include "stats/version_stats.h"

using namespace tiltyard;

TEST_CASE("a counter counts from 0, by one or by many, and can be set") {
  Counter counter;
  CHECK(counter.get() == 0);
  counter.add();
  counter.add(41);
  CHECK(counter.get() == 42);
  counter.set(7);
  CHECK(counter.get() == 7);
}

TEST_CASE("readers see a writer's counter rise, never fall, and in the end whole") {
  constexpr uint64_t kAdds = 200'000;
  Counter counter;
  std::thread writer([&] {
    for (uint64_t i = 0; i < kAdds; ++i) counter.add(3);
  });
  uint64_t last = 0, falls = 0, odd = 0;
  while (last < 3 * kAdds) {
    const uint64_t now = counter.get();
    falls += now < last ? 1 : 0;
    odd += now % 3 != 0 ? 1 : 0;
    last = now;
  }
  writer.join();
  CHECK(falls == 0);
  CHECK(odd == 0);
  CHECK(counter.get() == 3 * kAdds);
}

TEST_CASE("the counters of two threads never share a cache line") {
  CHECK(alignof(IoCounters) == kCacheLineBytes);
  CHECK(sizeof(IoCounters) % kCacheLineBytes == 0);
  CHECK(alignof(VersionStats) == kCacheLineBytes);
  CHECK(sizeof(VersionStats) % kCacheLineBytes == 0);
}

TEST_CASE("blocks of counters begin at 0, with a place for every error and batch size") {
  const auto io = std::make_unique<IoCounters>();
  const auto version = std::make_unique<VersionStats>();
  for (const Counter& error : io->errors) CHECK(error.get() == 0);
  CHECK(version->errors.size() == static_cast<size_t>(kErrorCount));
  CHECK(version->batch_sizes.size() == kBatchSizesCounted);
  CHECK(version->batch_sizes.back().runs.get() == 0);
  CHECK(io->connections_moved_in.get() == 0);
}
