// What it costs to count one latency, and to read a quantile.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "stats/latency_histogram.h"

using namespace tiltyard;

namespace {

constexpr int kRounds = 20;

template <typename Step>
void report(const char* name, int repeats, Step step) {
  uint64_t best = UINT64_MAX;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t start = monotonic_ns();
    for (int i = 0; i < repeats; ++i) step(i);
    best = std::min(best, monotonic_ns() - start);
  }
  std::printf("{\"bench\": \"%s\", \"ns\": %.1f}\n", name, static_cast<double>(best) / repeats);
}

}  // namespace

int main() {
  auto histogram = std::make_unique<LatencyHistogram>();
  auto snapshot = std::make_unique<LatencySnapshot>();
  uint64_t sum = 0;
  report("histogram_update", 1'000'000,
         [&](int i) { histogram->update(20'000 + static_cast<uint64_t>(i) * 37 % 200'000); });
  report("histogram_merge", 1'000, [&](int) { snapshot->merge(*histogram); });
  report("histogram_quantile", 1'000, [&](int) { sum += snapshot->quantile_ns(0.99); });
  return sum > 0 ? 0 : 1;
}
