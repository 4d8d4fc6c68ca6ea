// What it costs to count one latency, and to read a quantile.
#include <memory>

#include "report.h"
#include "stats/latency_histogram.h"

using namespace tiltyard;

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
