#include <doctest/doctest.h>

#include <chrono>

#include "base/clock.h"

using namespace tiltyard;

TEST_CASE("monotonic time never goes back, and moves") {
  uint64_t last = monotonic_ns();
  const uint64_t first = last;
  while (last == first || last < first + 1'000) {
    const uint64_t now = monotonic_ns();
    REQUIRE(now >= last);
    last = now;
    cpu_relax();
  }
}

TEST_CASE("both clocks have their unit") {
  using namespace std::chrono;
  const auto steady = [] {
    return static_cast<uint64_t>(nanoseconds(steady_clock::now().time_since_epoch()).count());
  };
  const uint64_t before = steady(), between = monotonic_ns(), after = steady();
  CHECK(before <= between);
  CHECK(between <= after);
  const auto system = [] {
    return static_cast<uint64_t>(
        duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  };
  const uint64_t earlier = system(), real = realtime_ms(), later = system();
  CHECK(earlier <= real);
  CHECK(real <= later);
}
