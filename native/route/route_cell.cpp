#include "route/route_cell.h"

#include <algorithm>

namespace tiltyard {

RouteCell::RouteCell(uint32_t readers) : table_(new RouteTable({}, {}, false)), readers_(readers) {}

RouteCell::~RouteCell() {
  delete table_.load(std::memory_order_seq_cst);
}

uint64_t RouteCell::publish(std::unique_ptr<const RouteTable> table) {
  const RouteTable* old = table_.exchange(table.release(), std::memory_order_seq_cst);
  // A reader that reads the epoch after this line reads the new table after that.
  const uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
  retired_.push_back({epoch, std::unique_ptr<const RouteTable>(old)});
  return epoch;
}

std::vector<std::unique_ptr<const RouteTable>> RouteCell::take_passed() {
  uint64_t passed_by_all = kAsleep;
  for (const Reader& reader : readers_) {
    passed_by_all = std::min(passed_by_all, reader.passed.load(std::memory_order_seq_cst));
  }
  std::vector<std::unique_ptr<const RouteTable>> freed;
  std::erase_if(retired_, [&](Retired& retired) {
    if (retired.epoch > passed_by_all) return false;
    freed.push_back(std::move(retired.table));
    return true;
  });
  return freed;
}

}  // namespace tiltyard
