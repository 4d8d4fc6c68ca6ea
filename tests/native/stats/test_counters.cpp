#include <doctest/doctest.h>

#include <thread>

#include "stats/counters.h"

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
