#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "engine/shadow_items.h"

using namespace tiltyard;

TEST_CASE("an item goes home and is used again, empty, with its room") {
  ShadowItems items(2);
  ByteBudget budget(1'000);
  auto item = items.make(1);
  CHECK(item->home == 1);
  item->request.assign(500, 'q');
  item->reply.assign(400, 'r');
  REQUIRE(item->charge.try_set(budget, 900));
  ShadowItem* const address = item.get();
  items.give_back(item.release());
  CHECK(budget.in_use() == 0);
  CHECK(items.make(0).get() != address);
  const auto again = items.make(1);
  CHECK(again.get() == address);
  CHECK(again->home == 1);
  CHECK(again->bytes() == 0);
  CHECK(again->request.capacity() >= 500);
}

TEST_CASE(
    "what was not needed is kept likewise, and what is unusually large gives its memory back") {
  ShadowItems items(1);
  auto item = items.make(0);
  item->request.assign(kMessageBytesKept + 1, 'q');
  item->reply.assign(100'000'000, 'r');
  items.keep(std::move(item));
  const auto again = items.make(0);
  CHECK(again->request.capacity() <= kMessageBytesKept);
  CHECK(again->reply.capacity() <= kMessageBytesKept);
}

TEST_CASE("items go back from several threads while their io thread makes and drops others") {
  ShadowItems items(1);
  MpmcQueue<ShadowItem*> queue(256);
  std::atomic<bool> all_made{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (;;) {
        const bool is_last_look = all_made.load();
        ShadowItem* item = nullptr;
        while (queue.try_pop(item)) {
          CHECK(item->request == "question");
          items.give_back(item);
        }
        if (is_last_look) return;
        std::this_thread::yield();
      }
    });
  }
  for (int i = 0; i < 20'000; ++i) {
    auto item = items.make(0);
    REQUIRE(item->bytes() == 0);
    item->request = "question";
    ShadowItem* pushed = item.get();
    if (queue.try_push(pushed)) {
      item.release();
    } else {
      items.keep(std::move(item));
    }
  }
  all_made.store(true);
  for (std::thread& thread : threads) thread.join();
}
