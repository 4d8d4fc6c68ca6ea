// Numbers drawn evenly, fast and not secret: for lots and samples, never for keys.
#pragma once

#include <cstdint>

namespace tiltyard {

// The next number after `state`. Steele, Lea and Flood, "Fast splittable pseudorandom number
// generators", OOPSLA 2014.
inline uint64_t splitmix64(uint64_t& state) {
  uint64_t z = (state += 0x9e37'79b9'7f4a'7c15);
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

// A state to begin with, from the kernel: two generators that begin with it have nothing in common.
uint64_t random_seed();

}  // namespace tiltyard
