#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "engine/reclaimer.h"

using namespace tiltyard;

namespace {

// A table whose one version, without a model, tells by its owner count whether it lives.
std::unique_ptr<const RouteTable> table_with(std::weak_ptr<ServedVersion>& watch) {
  auto served = std::make_shared<ServedVersion>(nullptr, 2);
  watch = served;
  std::vector<ModelRoute> models;
  models.push_back({"m", {std::move(served)}, {}});
  return std::make_unique<const RouteTable>(std::move(models), nullptr, true);
}

void wait_for(const std::weak_ptr<ServedVersion>& watch) {
  while (!watch.expired()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a table that was replaced is freed once its last reader has passed, and not before") {
  RouteCell cell(1);
  Reclaimer reclaimer(cell);
  reclaimer.start();
  std::weak_ptr<ServedVersion> first, second, third;
  reclaimer.publish(table_with(first));
  cell.read(0);
  reclaimer.publish(table_with(second));
  reclaimer.publish(table_with(third));
  while (reclaimer.retired() > 2) std::this_thread::yield();  // the empty table of the beginning
  CHECK_FALSE(first.expired());
  CHECK_FALSE(second.expired());
  CHECK(reclaimer.retired() == 2);
  cell.read(0);
  wait_for(first);
  wait_for(second);
  CHECK_FALSE(third.expired());
  reclaimer.with_table(
      [&](const RouteTable& table) { CHECK(table.find("m")->versions[0] == third.lock()); });
}

TEST_CASE("a version that a job still holds outlives its table") {
  RouteCell cell(1);
  Reclaimer reclaimer(cell);
  reclaimer.start();
  std::weak_ptr<ServedVersion> first, second;
  reclaimer.publish(table_with(first));
  std::shared_ptr<ServedVersion> job = first.lock();
  reclaimer.publish(table_with(second));
  while (reclaimer.retired() > 0) std::this_thread::yield();
  CHECK_FALSE(first.expired());
  job.reset();
  wait_for(first);
}

TEST_CASE("a reclaimer stops with tables that nobody has passed; the cell frees them") {
  std::weak_ptr<ServedVersion> first, second;
  {
    RouteCell cell(1);
    Reclaimer reclaimer(cell);
    reclaimer.start();
    reclaimer.publish(table_with(first));
    cell.read(0);
    reclaimer.publish(table_with(second));
    reclaimer.stop();
    CHECK_FALSE(first.expired());
  }
  CHECK(first.expired());
  CHECK(second.expired());
}

TEST_CASE("thousands of swaps under readers that read, hold and sleep: all freed, none too early") {
  constexpr uint32_t kReaders = 3;
  constexpr int kSwaps = 5'000;
  RouteCell cell(kReaders);
  Reclaimer reclaimer(cell);
  reclaimer.start();
  std::atomic<bool> done{false};
  std::atomic<uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (uint32_t reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&, reader] {
      for (uint64_t cycle = 1; !done.load(); ++cycle) {
        const ModelRoute* route = cell.read(reader).find("m");
        // A table that is freed too early is a report of the sanitizers, and no owner here.
        if (route != nullptr) REQUIRE(route->versions[0].use_count() >= 1);
        reads.fetch_add(1, std::memory_order_relaxed);
        if (cycle % (3 + reader) == 0) {
          cell.sleep(reader);
          std::this_thread::yield();
        }
      }
      cell.sleep(reader);
    });
  }
  std::vector<std::weak_ptr<ServedVersion>> watches(kSwaps);
  for (std::weak_ptr<ServedVersion>& watch : watches) reclaimer.publish(table_with(watch));
  while (reads.load() < 10'000) std::this_thread::yield();
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  for (size_t i = 0; i + 1 < watches.size(); ++i) wait_for(watches[i]);
  CHECK_FALSE(watches.back().expired());
  CHECK(cell.epoch() == kSwaps);
}
