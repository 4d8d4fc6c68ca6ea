// Units of a rollout that splits by key: which were seen, and whose first request failed.
//
// A unit is the top 20 bits of a key's hash, so that what a gate counts is bounded and can be
// recomputed. Any thread sets bits; a set bit is only read, so hot keys write nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace tiltyard {

class UnitBitmap {
 public:
  static constexpr uint32_t kUnitBits = 20;
  static constexpr uint32_t kUnits = 1u << kUnitBits;

  // Whether this request is the unit's first.
  bool see(uint32_t unit) { return set(seen_, unit); }
  // The unit's first request failed.
  void fail(uint32_t unit) { set(failed_, unit); }

  struct Counts {
    uint32_t seen = 0, failed = 0;
  };
  // Of the units from `first` on, `units` of them; both multiples of 16.
  Counts count(uint32_t first, uint32_t units) const;

 private:
  using Words = std::array<std::atomic<uint64_t>, kUnits / 64>;

  // Whether the bit was clear. Relaxed: a bit says nothing about any other memory.
  static bool set(Words& words, uint32_t unit) {
    std::atomic<uint64_t>& word = words[unit / 64];
    const uint64_t bit = uint64_t{1} << unit % 64;
    if ((word.load(std::memory_order_relaxed) & bit) != 0) return false;
    return (word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
  }

  Words seen_{};
  Words failed_{};
};

}  // namespace tiltyard
