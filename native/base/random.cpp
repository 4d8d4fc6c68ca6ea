#include "base/random.h"

#include <sys/random.h>

#include "base/assert.h"

namespace tiltyard {

uint64_t random_seed() {
  uint64_t seed = 0;
  // So few bytes come whole, and without a signal's interruption.
  TILTYARD_ASSERT(getrandom(&seed, sizeof seed, 0) == sizeof seed, "the kernel gives a seed");
  return seed;
}

}  // namespace tiltyard
