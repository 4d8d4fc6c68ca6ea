#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

#include "route/unit_bitmap.h"

using namespace tiltyard;

TEST_CASE("a unit is first once, and counts are by range") {
  const auto units = std::make_unique<UnitBitmap>();
  CHECK(units->see(0));
  CHECK_FALSE(units->see(0));
  CHECK(units->see(15));
  CHECK(units->see(16));
  CHECK(units->see(UnitBitmap::kUnits - 1));
  units->fail(16);
  units->fail(16);
  CHECK(units->count(0, 16).seen == 2);
  CHECK(units->count(0, 16).failed == 0);
  CHECK(units->count(16, 16).seen == 1);
  CHECK(units->count(16, 16).failed == 1);
  CHECK(units->count(0, UnitBitmap::kUnits).seen == 4);
  CHECK(units->count(0, UnitBitmap::kUnits).failed == 1);
}

TEST_CASE("of many threads that see the same unit one is the first") {
  const auto units = std::make_unique<UnitBitmap>();
  constexpr uint32_t kSeen = 4'096;
  std::atomic<uint32_t> firsts{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (uint32_t unit = 0; unit < kSeen; ++unit) firsts += units->see(unit) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(firsts == kSeen);
  CHECK(units->count(0, UnitBitmap::kUnits).seen == kSeen);
}
