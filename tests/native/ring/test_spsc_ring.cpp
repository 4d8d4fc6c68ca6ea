#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <thread>

#include "ring/spsc_ring.h"

using tiltyard::SpscRing;

namespace {

struct Record {
  uint64_t number;
  uint64_t check;
};

Record record(uint64_t n) {
  return {n, ~n};
}

}  // namespace

TEST_CASE("a ring against a model queue, through random pushes and pops") {
  std::mt19937 random(7);
  SpscRing<Record> ring(8);
  std::deque<uint64_t> model;
  uint64_t next = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0) {
      const bool pushed = ring.try_push(record(next));
      CHECK(pushed == (model.size() < ring.capacity()));
      if (pushed) model.push_back(next);
      ++next;
      continue;
    }
    CHECK(ring.size() == model.size());
    const auto front = ring.front();
    CHECK(front.empty() == model.empty());
    REQUIRE(front.size() <= model.size());
    for (size_t i = 0; i < front.size(); ++i) CHECK(front[i].number == model[i]);
    const size_t popped = front.empty() ? 0 : random() % (front.size() + 1);
    ring.pop(popped);
    model.erase(model.begin(), model.begin() + static_cast<long>(popped));
  }
}

TEST_CASE("what two threads pass through a ring arrives whole and in order; drops are counted") {
  constexpr uint64_t kRecords = 200'000;
  SpscRing<Record> ring(256);
  uint64_t dropped = 0;
  std::atomic<bool> done{false};
  std::thread producer([&] {
    for (uint64_t i = 0; i < kRecords; ++i) {
      if (!ring.try_push(record(i))) ++dropped;
    }
    done.store(true, std::memory_order_release);
  });
  uint64_t seen = 0;
  int64_t last = -1;
  bool ended = false;
  while (!ended) {
    ended = done.load(std::memory_order_acquire);
    for (auto front = ring.front(); !front.empty(); front = ring.front()) {
      for (const Record& r : front) {
        REQUIRE(r.check == ~r.number);
        REQUIRE(static_cast<int64_t>(r.number) > last);
        last = static_cast<int64_t>(r.number);
      }
      seen += front.size();
      ring.pop(front.size());
    }
  }
  producer.join();
  CHECK(seen + dropped == kRecords);
}
