// The slab of one io thread's calls. Slots are reused; the generation tells old from new.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "grpc/call.h"

namespace tiltyard {

class CallTable {
 public:
  explicit CallTable(uint32_t calls_max) : calls_max_(calls_max) {}

  // A fresh call on `connection`; null when calls_max are open.
  Call* try_open(Connection& connection, int32_t stream_id, uint64_t now_ns);
  // Unlinks the call from its connection and makes every handle to it stale.
  void close(Call& call);

  // Null when the handle is stale.
  Call* find(CallHandle handle);
  // `index` is that of an open call.
  Call& at(uint32_t index) { return *slots_[index - 1]; }
  uint32_t open() const { return open_; }

  // Calls `visit(Call&)` for every open call of the connection; it may close the call it is given.
  template <typename Visit>
  void for_each_on(Connection& connection, Visit visit) {
    for (uint32_t index = connection.books.first_call; index != 0;) {
      Call& call = at(index);
      index = call.next;
      visit(call);
    }
  }

 private:
  uint32_t calls_max_;
  uint32_t open_ = 0;
  uint32_t first_free_ = 0;
  std::vector<std::unique_ptr<Call>> slots_;  // index i is at i - 1
};

}  // namespace tiltyard
