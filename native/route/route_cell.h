// The one pointer to the route table in force, and the freeing of tables nobody reads any more.
//
// Quiescent states: each reader (an io thread) announces when it holds no table of before, once a
// cycle, or that it sleeps. A table that was replaced is freed when every reader has passed.
// One thread publishes and reclaims at a time (the control plane's lock); readers never wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "route/route_table.h"

namespace tiltyard {

class RouteCell {
 public:
  explicit RouteCell(uint32_t readers);
  ~RouteCell();

  // A reader's: lets go of what it read before and reads the table in force, valid until its next
  // call of read() or sleep().
  const RouteTable& read(uint32_t reader) {
    Reader& slot = readers_[reader];
    // seq_cst on both: a publisher that has seen this reader asleep must be seen by the load.
    slot.passed.store(epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
    return *table_.load(std::memory_order_seq_cst);
  }
  // A reader's: holds nothing until its next read().
  void sleep(uint32_t reader) { readers_[reader].passed.store(kAsleep, std::memory_order_seq_cst); }

  // The publisher's. Returns the new epoch.
  uint64_t publish(std::unique_ptr<const RouteTable> table);
  // The publisher's view of the table in force.
  const RouteTable& current() const { return *table_.load(std::memory_order_seq_cst); }
  // Moves out every replaced table that no reader can hold; whoever takes them frees them.
  std::vector<std::unique_ptr<const RouteTable>> take_passed();
  size_t retired() const { return retired_.size(); }
  uint64_t epoch() const { return epoch_.load(std::memory_order_seq_cst); }

 private:
  static constexpr uint64_t kAsleep = UINT64_MAX;

  struct alignas(kCacheLineBytes) Reader {
    std::atomic<uint64_t> passed{kAsleep};
  };
  struct Retired {
    uint64_t epoch;  // readers that passed at or after it do not hold the table
    std::unique_ptr<const RouteTable> table;
  };

  std::atomic<const RouteTable*> table_;
  std::atomic<uint64_t> epoch_{0};
  std::vector<Reader> readers_;
  std::vector<Retired> retired_;
};

}  // namespace tiltyard
