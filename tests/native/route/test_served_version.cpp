#include <doctest/doctest.h>

#include "route/served_version.h"

using namespace tiltyard;

TEST_CASE("a version in service has an empty queue of at least the size asked for") {
  for (const uint32_t asked : {1u, 2u, 3u, 1'000u}) {
    ServedVersion served(nullptr, asked);
    CHECK(served.queue.size() == 0);
    CHECK(served.queue.capacity() >= asked);
    CHECK(served.workers_called.load() == 0);
    Job* job = nullptr;
    for (size_t i = 0; i < served.queue.capacity(); ++i) REQUIRE(served.queue.try_push(job));
    CHECK_FALSE(served.queue.try_push(job));
  }
}
