#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "ring/mpsc_inbox.h"

namespace {

struct Item {
  int producer = 0;
  int number = 0;
  Item* next_in_inbox = nullptr;
};

}  // namespace

TEST_CASE("an inbox gives its items back oldest first, and is empty then") {
  tiltyard::MpscInbox<Item> inbox;
  Item items[3];
  CHECK(inbox.take_all() == nullptr);
  CHECK(inbox.push(&items[0]));
  CHECK_FALSE(inbox.push(&items[1]));
  CHECK_FALSE(inbox.push(&items[2]));
  Item* first = inbox.take_all();
  REQUIRE(first == &items[0]);
  CHECK(first->next_in_inbox == &items[1]);
  CHECK(items[1].next_in_inbox == &items[2]);
  CHECK(items[2].next_in_inbox == nullptr);
  CHECK(inbox.empty());
}

TEST_CASE("an inbox loses nothing and keeps each producer's order") {
  constexpr int kProducers = 3;
  constexpr int kItems = 20'000;
  tiltyard::MpscInbox<Item> inbox;
  std::vector<std::vector<Item>> items(kProducers, std::vector<Item>(kItems));
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kItems; ++i) {
        items[p][i].producer = p;
        items[p][i].number = i;
        inbox.push(&items[p][i]);
      }
    });
  }
  std::vector<int> next(kProducers, 0);
  for (int taken = 0; taken < kProducers * kItems;) {
    for (Item* item = inbox.take_all(); item != nullptr; item = item->next_in_inbox) {
      REQUIRE(next[item->producer] == item->number);
      ++next[item->producer];
      ++taken;
    }
  }
  for (std::thread& producer : producers) producer.join();
  CHECK(inbox.empty());
}

TEST_CASE("an inbox against a model, through random pushes and takes") {
  std::mt19937 random(23);
  tiltyard::MpscInbox<Item> inbox;
  std::vector<Item> items(20'000);
  std::deque<int> model;
  for (int number = 0; number < static_cast<int>(items.size());) {
    if (random() % 4 != 0) {
      items[static_cast<size_t>(number)].number = number;
      CHECK(inbox.push(&items[static_cast<size_t>(number)]) == model.empty());
      model.push_back(number++);
      continue;
    }
    CHECK(inbox.empty() == model.empty());
    for (Item* item = inbox.take_all(); item != nullptr; item = item->next_in_inbox) {
      REQUIRE_FALSE(model.empty());
      CHECK(item->number == model.front());
      model.pop_front();
    }
    CHECK(model.empty());
  }
}
