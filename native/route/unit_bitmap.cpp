#include "route/unit_bitmap.h"

#include <bit>

#include "base/assert.h"

namespace tiltyard {

UnitBitmap::Counts UnitBitmap::count(uint32_t first, uint32_t units) const {
  TILTYARD_ASSERT(first % 16 == 0 && units % 16 == 0 && first + units <= kUnits,
                  "units are counted by whole buckets");
  Counts counts;
  for (uint32_t at = first; at < first + units; at += 16) {
    const auto part = [at](const Words& words) {
      const uint64_t word = words[at / 64].load(std::memory_order_relaxed);
      return static_cast<uint32_t>(std::popcount((word >> at % 64) & 0xffff));
    };
    counts.seen += part(seen_);
    counts.failed += part(failed_);
  }
  return counts;
}

}  // namespace tiltyard
