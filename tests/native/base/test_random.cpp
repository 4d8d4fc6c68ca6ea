#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <set>

#include "base/random.h"

using namespace tiltyard;

TEST_CASE("the numbers are those of the published generator") {
  uint64_t state = 1'234'567;
  for (const uint64_t expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                  4593380528125082431u, 16408922859458223821u}) {
    CHECK(splitmix64(state) == expected);
  }
}

TEST_CASE("every bit is set in half of the numbers, and the highest bits fall evenly") {
  constexpr int kNumbers = 100'000;
  uint64_t state = 7;
  std::array<int, 64> set{};
  std::array<int, 16> highest{};
  for (int i = 0; i < kNumbers; ++i) {
    const uint64_t number = splitmix64(state);
    for (size_t bit = 0; bit < 64; ++bit) set[bit] += static_cast<int>((number >> bit) & 1);
    ++highest[number >> 60];
  }
  const double six_sigmas = 6 * std::sqrt(kNumbers * 0.25);
  for (const int count : set) CHECK(std::abs(count - kNumbers / 2) < six_sigmas);
  for (const int count : highest) CHECK(std::abs(count - kNumbers / 16) < six_sigmas);
}

TEST_CASE("no two seeds are the same") {
  std::set<uint64_t> seeds;
  for (int i = 0; i < 1'000; ++i) seeds.insert(random_seed());
  CHECK(seeds.size() == 1'000);
}
