#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "ring/mpmc_queue.h"

using tiltyard::MpmcQueue;

TEST_CASE("a queue is first in, first out, and says when it is full or empty") {
  MpmcQueue<int> queue(3);
  CHECK(queue.capacity() == 4);
  int item = 0;
  CHECK_FALSE(queue.try_pop(item));
  for (int i = 0; i < 4; ++i) {
    int pushed = i;
    CHECK(queue.try_push(pushed));
  }
  int one_more = 9;
  CHECK_FALSE(queue.try_push(one_more));
  CHECK(queue.size() == 4);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(queue.try_pop(item));
    CHECK(i == item);
  }
  CHECK_FALSE(queue.try_pop(item));
}

TEST_CASE("a full queue leaves the item with its owner, and popping lets go of what was inside") {
  MpmcQueue<std::shared_ptr<int>> queue(2);
  auto a = std::make_shared<int>(1);
  auto b = a;
  auto c = a;
  CHECK(queue.try_push(b));
  CHECK(queue.try_push(c));
  auto d = a;
  CHECK_FALSE(queue.try_push(d));
  CHECK(d != nullptr);
  std::shared_ptr<int> out;
  CHECK(queue.try_pop(out));
  CHECK(queue.try_pop(out));
  out.reset();
  d.reset();
  CHECK(a.use_count() == 1);
}

TEST_CASE("many producers and consumers: every item arrives once") {
  constexpr uint64_t kItems = 30'000;
  MpmcQueue<uint64_t> queue(64);
  std::atomic<uint64_t> sum{0};
  std::atomic<uint64_t> taken{0};
  std::vector<std::thread> threads;
  for (uint64_t p = 0; p < 2; ++p) {
    threads.emplace_back([&, p] {
      for (uint64_t i = 0; i < kItems; ++i) {
        uint64_t item = p * kItems + i + 1;
        while (!queue.try_push(item)) std::this_thread::yield();
      }
    });
    threads.emplace_back([&] {
      uint64_t item = 0;
      while (taken.load() < 2 * kItems) {
        if (!queue.try_pop(item)) {
          std::this_thread::yield();
          continue;
        }
        sum.fetch_add(item);
        taken.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum.load() == 2 * kItems * (2 * kItems + 1) / 2);
}

TEST_CASE("a queue against a model, through random pushes and pops, over many laps") {
  std::mt19937 random(17);
  MpmcQueue<uint64_t> queue(8);
  std::deque<uint64_t> model;
  uint64_t next = 1;
  for (int step = 0; step < 50'000; ++step) {
    // Phases in which it fills up and in which it runs dry.
    const bool push = random() % 10 < (step / 500 % 2 == 0 ? 7u : 3u);
    if (push) {
      uint64_t item = next;
      const bool pushed = queue.try_push(item);
      REQUIRE(pushed == (model.size() < queue.capacity()));
      CHECK(item == next);  // a refused item is untouched, and so is a plain number
      if (pushed) model.push_back(next++);
    } else {
      uint64_t item = 0;
      const bool popped = queue.try_pop(item);
      REQUIRE(popped == !model.empty());
      if (!popped) continue;
      CHECK(item == model.front());
      model.pop_front();
    }
    CHECK(queue.size() == model.size());
  }
}

TEST_CASE("each producer's items are taken in its order by one consumer") {
  constexpr uint64_t kItems = 20'000;
  constexpr uint64_t kProducers = 3;
  MpmcQueue<uint64_t> queue(16);
  std::vector<std::thread> producers;
  for (uint64_t p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (uint64_t i = 0; i < kItems; ++i) {
        uint64_t item = p << 32 | i;
        while (!queue.try_push(item)) std::this_thread::yield();
      }
    });
  }
  std::vector<uint64_t> next(kProducers, 0);
  for (uint64_t taken = 0; taken < kProducers * kItems;) {
    uint64_t item = 0;
    if (!queue.try_pop(item)) {
      std::this_thread::yield();
      continue;
    }
    REQUIRE((item & 0xffffffff) == next[item >> 32]++);
    ++taken;
  }
  for (std::thread& producer : producers) producer.join();
}
