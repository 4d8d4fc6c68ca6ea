#include <doctest/doctest.h>

#include <limits>

#include "engine/shadow_fixture.h"
#include "engine/shadow_worker.h"
#include "recorded_rows.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint32_t kIndex = 1;
constexpr uint32_t kSlot = kFirstShadowSlot + kIndex;

struct Fixture {
  explicit Fixture(std::shared_ptr<ModelVersion> version, ShadowOptions options = shadow_options(),
                   RecordPool& records = shadow_records())
      : shadow(std::make_shared<Shadow>(std::move(version), *champion(), options)),
        items(kIoThreads),
        worker(items, records, kIndex, kSlot) {}

  static const std::shared_ptr<ModelVersion>& champion() {
    static const std::shared_ptr<ModelVersion> version = version_scale(2);
    return version;
  }
  std::unique_ptr<ShadowItem> item(const std::vector<float>& values) {
    return item_for(items, 0, values);
  }
  void push(std::unique_ptr<ShadowItem> item) {
    REQUIRE(shadow->try_push(item->home, item.get()));
    item.release();
  }
  void push(const std::vector<float>& values) { push(item(values)); }
  // Until the queue is empty; how many groups that took.
  int run() {
    int groups = 0;
    for (; worker.take_group(shadow); ++groups) worker.run_group();
    CHECK(shadow->bytes_held() == 0);
    CHECK(shadow.use_count() == 1);  // it holds on to no shadow that has nothing for it
    check_balance(*shadow);
    return groups;
  }
  ShadowOutputStatistics output() const { return read_shadow(*shadow).outputs.at(0); }
  const ShadowRunStats& stats() const { return shadow->runs(kIndex); }

  std::shared_ptr<Shadow> shadow;
  ShadowItems items;
  ShadowWorker worker;
};

}  // namespace

TEST_CASE("a shadow that answers as the champion agrees with every request") {
  Fixture fixture(version_scale(2));
  for (int i = 0; i < 40; ++i) fixture.push({static_cast<float>(i), 1});
  CHECK(fixture.run() < 40);  // what waits is run together
  CHECK(fixture.stats().ok.get() == 40);
  const ShadowOutputStatistics y = fixture.output();
  CHECK(y.name == "y");
  CHECK(y.mode == "argmax");
  CHECK(y.compared == 40);
  CHECK(y.disagreed == 0);
  CHECK(y.score_buckets == std::vector<std::pair<double, uint64_t>>{{0, 40}});
  const ShadowStatistics all = read_shadow(*fixture.shadow);
  CHECK(count_of(all.champion_latency_ns, "p50") == doctest::Approx(1'000).epsilon(0.05));
  CHECK(count_of(all.latency_ns, "max") > 0);
  CHECK(count_of(all.run_ns, "max") > 0);
}

TEST_CASE("what a shadow runs is not counted among its version's requests") {
  Fixture fixture(Fixture::champion());  // the champion may be a shadow too, of its challenger
  fixture.push({1, 2});
  CHECK(fixture.run() == 1);
  for (uint32_t slot = 0; slot < Fixture::champion()->thread_slots(); ++slot) {
    const VersionStats& stats = Fixture::champion()->thread(slot).stats;
    CHECK(stats.success.get() + stats.fail.get() + stats.runs.get() == 0);
    CHECK(stats.last_inference_ms.get() == 0);
  }
}

TEST_CASE("disagreement is the fraction of a request's rows, the difference that of each row") {
  Fixture fixture(version_scale(-2));  // the largest becomes the smallest
  fixture.push({1, 2, 3, 3, 5, 4, 7, 7});
  fixture.push({0, 1});
  CHECK(fixture.run() >= 1);
  const ShadowOutputStatistics y = fixture.output();
  CHECK(y.compared == 2);
  CHECK(y.disagreed == doctest::Approx(1.5));
  uint64_t rows = 0;
  for (const auto& [difference, n] : y.score_buckets) rows += n;
  CHECK(rows == 5);
  CHECK(y.score_difference.at(3).second == doctest::Approx(28).epsilon(0.04));
}

TEST_CASE("a shadow without numbers is counted by requests, and has no differences") {
  Fixture fixture(version_scale(std::numeric_limits<float>::quiet_NaN()));
  fixture.push({1, 2, 3, 4});
  fixture.push({0, 1});
  fixture.run();
  const ShadowOutputStatistics y = fixture.output();
  CHECK(y.shadow_non_finite == 2);
  CHECK(y.champion_non_finite == 0);
  CHECK(y.disagreed == 2);
  CHECK(y.score_buckets.empty());
}

TEST_CASE("a shadow that fails is counted by its errors, each request for itself") {
  Fixture fixture(version_that_fails());
  for (int i = 0; i < 20; ++i) fixture.push({99, 99});
  fixture.push({1, 2});
  for (int i = 0; i < 20; ++i) fixture.push({-99, 0});
  fixture.run();
  CHECK(fixture.stats().error.get() == 40);
  CHECK(fixture.stats().ok.get() == 1);
  CHECK(count_of(read_shadow(*fixture.shadow).errors, "run_failed") == 40);
  CHECK(fixture.output().compared == 1);
}

TEST_CASE("outputs that cannot be compared are counted by reason; the request was run") {
  Fixture wide(version_wide(3));
  wide.push({1, 2});
  wide.run();
  CHECK(wide.stats().ok.get() == 1);
  CHECK(wide.output().compared == 0);
  CHECK(count_of(wide.output().incompatible, "shape") == 1);

  Fixture other(load_for_shadows(OnnxModel()
                                     .input("x", kFloat, {-1, 2})
                                     .output("z", kFloat, {-1, 2})
                                     .node("Identity", {"x"}, {"z"})));
  other.push({1, 2});
  other.run();
  CHECK(count_of(other.output().incompatible, "missing") == 1);

  Fixture integers(load_for_shadows(OnnxModel()
                                        .input("x", kFloat, {-1, 2})
                                        .output("y", kInt64, {-1, 2})
                                        .node("Cast", {"x"}, {"y"}, {{"to", kInt64}})));
  integers.push({1, 2});
  integers.run();
  CHECK(count_of(integers.output().incompatible, "dtype") == 1);
}

TEST_CASE("a request that does not bind to the shadow fails alone") {
  Fixture fixture(version_scale(2));
  auto broken = fixture.item({1, 2});
  broken->request.pop_back();
  auto unanswered = fixture.item({1, 2});
  unanswered->reply = "no reply";
  fixture.push({1, 2});
  fixture.push(std::move(broken));
  fixture.push(std::move(unanswered));
  fixture.push({3, 4});
  fixture.run();
  CHECK(fixture.stats().ok.get() == 2);
  CHECK(fixture.stats().error.get() == 2);
  CHECK(count_of(read_shadow(*fixture.shadow).errors, "malformed_message") == 2);
}

TEST_CASE("what waited too long is not run") {
  Fixture fixture(version_scale(2));
  auto old = fixture.item({1, 2});
  old->offered_ns = monotonic_ns() - 2'001'000'000;
  fixture.push(std::move(old));
  fixture.push({1, 2});
  CHECK(fixture.run() == 1);
  CHECK(fixture.stats().expired.get() == 1);
  CHECK(fixture.stats().ok.get() == 1);
}

TEST_CASE("a stream's reply is compared like any other") {
  Fixture fixture(version_scale(2));
  auto item = fixture.item({1, 2});
  item->reply = reply_to({2, 4}, true);
  item->is_stream = true;
  fixture.push(std::move(item));
  fixture.run();
  CHECK(fixture.stats().ok.get() == 1);
  CHECK(fixture.output().compared == 1);
  CHECK(fixture.output().disagreed == 0);
}

TEST_CASE("what does not fit the group is run after it, and each is compared with its own") {
  Fixture fixture(version_scale(2));
  uint64_t pushed = 0;
  for (int round = 0; round < 40; ++round) {
    for (const size_t rows : {1, 100, 27, 128, 90}) {
      fixture.push(std::vector<float>(rows * 2, static_cast<float>(++pushed)));
    }
    fixture.run();
  }
  CHECK(fixture.stats().ok.get() == pushed);
  CHECK(fixture.output().disagreed == 0);
  CHECK(fixture.output().score_buckets.size() == 1);
}

TEST_CASE("outputs of unusual size are let go when they have been compared") {
  Fixture fixture(version_heavy());
  for (int i = 0; i < 3; ++i) fixture.push({1, 2});
  fixture.run();
  CHECK(fixture.stats().ok.get() == 3);
  CHECK(count_of(fixture.output().incompatible, "shape") == 3);
}

TEST_CASE("a shadow's answers are recorded beside the champion's to what was compared") {
  const auto pool = std::make_shared<RecordPool>(kSlot + 1, Limits().record_bytes_max);
  const auto reader = RecordReader::open(pool);
  const std::shared_ptr<ModelVersion> version = version_scale(5);
  const auto plan = record_all(*version);
  Fixture fixture(version, shadow_options(), *pool);
  auto unanswered = fixture.item({3, 4});
  unanswered->reply = "no reply";
  fixture.push({1, 2});
  fixture.push(std::move(unanswered));
  fixture.run();
  const std::vector<RecordedRow> rows = take_rows(*reader);
  CHECK(plan->counts(RecordPlane::shadow).offered == 2);
  CHECK(plan->counts(RecordPlane::shadowed).offered == 1);
  REQUIRE(rows.size() == 3);
  for (const RecordedRow& row : rows) {
    if (row.plane == 4) {
      CHECK(row.values == std::vector<float>{1, 2, 2, 4});
      CHECK(row.head.latency_ns == 1'000);
    } else {
      CHECK(row.plane == 3);
      CHECK(row.values[2] == 5 * row.values[0]);
      CHECK(row.head.latency_ns > 0);
    }
  }
}
