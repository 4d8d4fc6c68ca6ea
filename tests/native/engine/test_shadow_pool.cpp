#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "base/thread_class.h"
#include "engine/shadow_fixture.h"
#include "engine/shadow_pool.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

std::shared_ptr<Shadow> shadow_of(ShadowPool& pool, std::shared_ptr<ModelVersion> version,
                                  ShadowOptions options = shadow_options()) {
  static const std::shared_ptr<ModelVersion> champion = version_scale(2);
  auto shadow = std::make_shared<Shadow>(std::move(version), *champion, options);
  pool.adopt(shadow);
  return shadow;
}

void offer(ShadowPool& pool, Shadow& shadow, const std::vector<float>& values = {1, 2},
           uint32_t home = 0) {
  if (pool.offer(shadow, item_for(pool.items(), home, values))) pool.wake();
}

// Until all that is queued has ended. The counter comes last, so nothing is on its way then.
void drain(const Shadow& shadow) {
  while (count_of(shadow, "in_flight") > 0) std::this_thread::yield();
}

}  // namespace

TEST_CASE("every item is run by some thread, and compared") {
  ShadowPool pool(shadow_engine_options(), shadow_records());
  const auto same = shadow_of(pool, version_scale(2)), other = shadow_of(pool, version_scale(-2));
  pool.start();
  for (int i = 0; i < 300; ++i) {
    offer(pool, *same, {static_cast<float>(i), 400});
    offer(pool, *other, {static_cast<float>(i), 400});
  }
  drain(*same);
  drain(*other);
  CHECK(count_of(*same, "ok") == 300);
  CHECK(read_shadow(*same).outputs.at(0).disagreed == 0);
  CHECK(count_of(*other, "ok") == 300);
  CHECK(read_shadow(*other).outputs.at(0).disagreed == 300);
}

TEST_CASE("its threads have the lowest priority") {
  const auto shadows_running = [] {
    int found = 0;
    for (const RunningThread& thread : running_threads()) {
      found += thread.name == "shadow-0" || thread.name == "shadow-1" ? 1 : 0;
    }
    return found;
  };
  ShadowPool pool(shadow_engine_options(), shadow_records());
  pool.start();
  while (shadows_running() < 2) std::this_thread::yield();
  pool.stop();
  CHECK(shadows_running() == 0);
}

TEST_CASE("one wake is enough for all that was offered in a cycle, to however many shadows") {
  ShadowPool pool(shadow_engine_options(), shadow_records());
  std::vector<std::shared_ptr<Shadow>> shadows;
  pool.start();
  for (int round = 0; round < 20; ++round) {
    shadows.push_back(shadow_of(pool, version_scale(2)));
    for (const auto& shadow : shadows) {
      for (int i = 0; i < 3; ++i) {
        CHECK(pool.offer(*shadow, item_for(pool.items(), 0, {1, 2})));
      }
    }
    pool.wake();
    for (const auto& shadow : shadows) drain(*shadow);
  }
  CHECK(count_of(*shadows.front(), "ok") == 60);
  CHECK(count_of(*shadows.back(), "ok") == 3);
}

TEST_CASE("a full queue drops the newest, and none is dropped for another shadow's queue") {
  ShadowPool pool(shadow_engine_options(), shadow_records());  // and nobody works
  ShadowOptions small = shadow_options();
  small.items_max = 8;
  const auto full = shadow_of(pool, version_scale(2), small),
             other = shadow_of(pool, version_scale(2));
  for (int i = 0; i < 100; ++i) {
    offer(pool, *full);
    offer(pool, *other);
  }
  CHECK(count_of(*full, "queued") == 8);
  CHECK(count_of(read_shadow(*full).dropped, "queue_full") == 92);
  CHECK(count_of(*other, "queued") == 100);
  check_balance(*full);
  pool.stop();
  CHECK(count_of(*full, "expired") == 8);
  CHECK(count_of(*full, "in_flight") == 0);
  CHECK(full->bytes_held() == 0);
  check_balance(*full);
  check_balance(*other);
}

TEST_CASE("without threads, and after the end, everything is dropped with its reason") {
  EngineOptions none = shadow_engine_options();
  none.shadow_threads = 0;
  ShadowPool nobody(none, shadow_records()), pool(shadow_engine_options(), shadow_records());
  const auto shadow = shadow_of(pool, version_scale(2));
  nobody.start();
  offer(nobody, *shadow);
  CHECK(count_of(read_shadow(*shadow).dropped, "not_ready") == 1);
  pool.start();
  pool.stop();
  offer(pool, *shadow);
  CHECK(count_of(read_shadow(*shadow).dropped, "shutdown") == 1);
  CHECK(shadow.use_count() == 1);
}

TEST_CASE("a slow shadow does not hold up another for more than a run") {
  ShadowPool pool(shadow_engine_options(), shadow_records());
  const auto slow = shadow_of(pool, version_heavy()), other = shadow_of(pool, version_scale(2));
  for (int i = 0; i < 1'000; ++i) offer(pool, *slow);
  offer(pool, *other);
  pool.start();
  drain(*other);
  CHECK(count_of(*slow, "in_flight") > 0);  // for seconds to come
  pool.stop();
  CHECK(count_of(*slow, "in_flight") == 0);
}

TEST_CASE("a shadow that nobody offers to any more goes at once, and its version with it") {
  ShadowPool pool(shadow_engine_options(), shadow_records());
  pool.start();
  for (int round = 0; round < 10; ++round) {
    auto version = version_scale(2);
    const std::weak_ptr<ModelVersion> watched = version;
    auto shadow = shadow_of(pool, std::move(version));
    for (int i = 0; i < 50; ++i) offer(pool, *shadow);
    shadow = nullptr;
    while (!watched.expired()) std::this_thread::yield();
  }
}

TEST_CASE("a pool stops with items queued and running, and every one is counted and freed") {
  for (int round = 0; round < 20; ++round) {
    ShadowPool pool(shadow_engine_options(), shadow_records());
    const auto shadow = shadow_of(pool, version_scale(2));
    pool.start();
    for (int i = 0; i < 200; ++i) offer(pool, *shadow);
    pool.stop();
    CHECK(count_of(*shadow, "in_flight") == 0);
    CHECK(shadow->bytes_held() == 0);
    check_balance(*shadow);
    CHECK(shadow.use_count() == 1);
  }
}

TEST_CASE("io threads and shadow threads never lose an item, whatever happens to the shadow") {
  constexpr int kOffers = 3'000;
  std::vector<std::shared_ptr<Shadow>> shadows;
  ShadowOptions small = shadow_options();
  small.items_max = 16;
  small.bytes_max = 2'000;
  {
    ShadowPool pool(shadow_engine_options(), shadow_records());
    shadows.push_back(shadow_of(pool, version_scale(2)));
    shadows.push_back(shadow_of(pool, version_scale(-2), small));
    shadows.push_back(shadow_of(pool, version_that_fails(), small));
    shadows.push_back(shadow_of(pool, nullptr));
    pool.start();
    std::vector<std::thread> threads;
    for (uint32_t home = 0; home < kIoThreads; ++home) {
      threads.emplace_back([&, home] {
        std::mt19937 random(home);
        for (int i = 0; i < kOffers; ++i) {
          const auto& shadow = shadows[random() % shadows.size()];
          const auto value = static_cast<float>(random() % 100);
          // Several offers, one wake, as in a cycle.
          bool is_due = false;
          for (uint32_t n = random() % 4; n > 0; --n) {
            is_due |= pool.offer(*shadow, item_for(pool.items(), home, {value, 50}));
          }
          if (is_due) pool.wake();
          if (random() % 200 == 0) drain(*shadow);  // its threads fall asleep
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& shadow : shadows) {
      drain(*shadow);
      check_balance(*shadow);
      CHECK(shadow->bytes_held() == 0);
    }
  }
  CHECK(count_of(*shadows[0], "ok") > 0);
  CHECK(count_of(*shadows[2], "error") > 0);
  CHECK(count_of(*shadows[3], "queued") == 0);
  CHECK(count_of(read_shadow(*shadows[3]).dropped, "not_ready") > 0);
}
