// Times a step and prints it as the JSON line that `python -m bench native` reads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "base/clock.h"

namespace tiltyard {

// The best of 20 rounds: what is above it is the machine's doing. `items` of one step share its
// time.
template <typename Step>
void report(const char* name, int repeats, Step step, int items = 1) {
  uint64_t best = UINT64_MAX;
  for (int round = 0; round < 20; ++round) {
    const uint64_t start = monotonic_ns();
    for (int i = 0; i < repeats; ++i) {
      step(i);
      asm volatile("" ::: "memory");  // as if what the step left behind were read
    }
    best = std::min(best, monotonic_ns() - start);
  }
  std::printf("{\"bench\": \"%s\", \"ns\": %.1f}\n", name,
              static_cast<double>(best) / repeats / items);
}

}  // namespace tiltyard
