#include <doctest/doctest.h>

#include "base/charge.h"
#include "engine/shared.h"

using namespace tiltyard;

TEST_CASE("what threads share is made by the engine's options") {
  EngineOptions options;
  options.io_threads = 2;
  options.limits.in_flight_bytes_max = 500;
  EngineShared shared(options);
  CHECK(shared.budget.bytes_max() == 500);
  Charge charge;
  CHECK(charge.try_set(shared.budget, 500));
  CHECK_FALSE(shared.draining.load());
  // A place at the route cell for each io thread, and a table that is not ready.
  CHECK_FALSE(shared.routes.read(0).ready());
  CHECK_FALSE(shared.routes.read(1).ready());
  CHECK(shared.routes.epoch() == 0);
}
