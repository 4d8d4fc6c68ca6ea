#include <doctest/doctest.h>

#include <memory>

#include "stats/arm_stats.h"

using namespace tiltyard;

TEST_CASE("an arm begins with nothing counted, and two threads' counts share no cache line") {
  const auto stats = std::make_unique<ArmStats[]>(2);
  for (int slot = 0; slot < 2; ++slot) {
    CHECK(stats[slot].assigned.get() == 0);
    CHECK(stats[slot].rerouted.get() == 0);
    for (const Counter& error : stats[slot].errors) CHECK(error.get() == 0);
  }
  CHECK(sizeof(ArmStats) % kCacheLineBytes == 0);
}
