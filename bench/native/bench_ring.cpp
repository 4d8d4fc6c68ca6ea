// What it costs to hand something to another thread: a record through the ring, a job through a
// queue or an inbox. Both ends on one thread: the instructions, without the cache lines' travel.
#include <array>
#include <vector>

#include "report.h"
#include "ring/mpmc_queue.h"
#include "ring/mpsc_inbox.h"
#include "ring/spsc_ring.h"

using namespace tiltyard;

namespace {

constexpr int kBurst = 64;

// As large as what drift will record of a row of W1: 30 features, outputs, a head.
struct Record {
  std::array<float, 40> values;
};

struct Item {
  Item* next_in_inbox = nullptr;
};

}  // namespace

int main() {
  uint64_t sum = 0;
  SpscRing<Record> ring(1'024);
  const Record record{};
  report(
      "spsc_ring_record", 10'000,
      [&](int) {
        for (int i = 0; i < kBurst; ++i) sum += ring.try_push(record) ? 1 : 0;
        for (auto ready = ring.front(); !ready.empty(); ready = ring.front())
          ring.pop(ready.size());
      },
      kBurst);

  MpmcQueue<Item*> queue(1'024);
  std::vector<Item> items(kBurst);
  report(
      "mpmc_queue_item", 10'000,
      [&](int) {
        for (Item& item : items) {
          Item* pushed = &item;
          sum += queue.try_push(pushed) ? 1 : 0;
        }
        for (Item* popped = nullptr; queue.try_pop(popped);) ++sum;
      },
      kBurst);

  MpscInbox<Item> inbox;
  report(
      "mpsc_inbox_item", 10'000,
      [&](int) {
        for (Item& item : items) sum += inbox.push(&item) ? 1 : 0;
        for (Item* item = inbox.take_all(); item != nullptr; item = item->next_in_inbox) ++sum;
      },
      kBurst);
  return sum > 0 ? 0 : 1;
}
