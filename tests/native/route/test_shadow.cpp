#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/random.h"
#include "model/ort_fixture.h"
#include "route/shadow.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

OnnxModel scale(const std::string& input = "x", int type = kFloat,
                const std::vector<int64_t>& dims = {-1, 2}) {
  return OnnxModel()
      .input(input, type, dims)
      .output("y", type, dims)
      .node("Identity", {input}, {"y"});
}

const std::shared_ptr<ModelVersion>& champion() {
  static const std::shared_ptr<ModelVersion> version = load(scale());
  return version;
}

std::unique_ptr<ShadowItem> item_of(size_t request_bytes, size_t reply_bytes = 0) {
  auto item = std::make_unique<ShadowItem>();
  item->request.assign(request_bytes, 'q');
  item->reply.assign(reply_bytes, 'r');
  return item;
}

// Pushes, or frees.
bool push(Shadow& shadow, uint32_t slot, std::unique_ptr<ShadowItem> item) {
  if (!shadow.try_push(slot, item.get())) return false;
  item.release();
  return true;
}

uint64_t dropped(const Shadow& shadow, ShadowDrop reason, uint32_t slot = 0) {
  return shadow.offers(slot).dropped[static_cast<size_t>(reason)].get();
}

uint64_t ends(const ShadowOfferStats& stats) {
  uint64_t sum = stats.sampled_out.get() + stats.queued.get();
  for (const Counter& reason : stats.dropped) sum += reason.get();
  return sum;
}

}  // namespace

TEST_CASE("none, all, and a share between them are sampled, whatever the request") {
  const auto share = [](uint32_t ppm) {
    ShadowOptions options;
    options.sample_ppm = ppm;
    const Shadow shadow(champion(), *champion(), options);
    uint64_t state = 3, sampled = 0;
    for (int i = 0; i < 1'000'000; ++i) sampled += shadow.samples(splitmix64(state)) ? 1 : 0;
    return static_cast<double>(sampled) / 1e6;
  };
  CHECK(share(0) == 0);
  CHECK(share(1'000'000) == 1);
  CHECK(share(200'000) == doctest::Approx(0.2).epsilon(0.01));
  CHECK(share(1'000) == doctest::Approx(0.001).epsilon(0.2));
  ShadowOptions almost_all;
  almost_all.sample_ppm = 999'999;
  CHECK_FALSE(Shadow(champion(), *champion(), almost_all).samples(UINT64_MAX));
  almost_all.sample_ppm = 1;
  CHECK(Shadow(champion(), *champion(), almost_all).samples(0));
}

TEST_CASE("a queue is bounded in items, and gives back what it holds when it dies") {
  ShadowOptions options;
  options.items_max = 4;
  Shadow shadow(champion(), *champion(), options);
  for (int i = 0; i < 4; ++i) CHECK(push(shadow, 0, item_of(10, 5)));
  CHECK(shadow.bytes_held() == 60);
  CHECK(shadow.refuses(1) == ShadowDrop::queue_full);
  CHECK_FALSE(push(shadow, 0, item_of(10)));
  CHECK(shadow.bytes_held() == 60);
  CHECK(dropped(shadow, ShadowDrop::queue_full) == 1);
  CHECK(shadow.offers(0).queued.get() == 4);
  CHECK(shadow.offers(0).offered.get() == 5);
}

TEST_CASE("a queue is bounded in bytes, of requests and replies, until they are let go") {
  ShadowOptions options;
  options.bytes_max = 100;
  Shadow shadow(champion(), *champion(), options);
  CHECK(push(shadow, 0, item_of(50, 40)));
  CHECK(shadow.refuses(11) == ShadowDrop::bytes_full);
  CHECK_FALSE(shadow.refuses(10));
  CHECK_FALSE(push(shadow, 0, item_of(11)));
  CHECK(dropped(shadow, ShadowDrop::bytes_full) == 1);
  CHECK(push(shadow, 0, item_of(10)));
  ShadowItem* item = nullptr;
  REQUIRE(shadow.queue.try_pop(item));
  CHECK(shadow.bytes_held() == 100);  // it is out of the queue, not yet out of memory
  delete item;
  CHECK(shadow.bytes_held() == 10);
  CHECK_FALSE(push(shadow, 0, item_of(101)));  // never, however empty
}

TEST_CASE("what nobody could run is dropped with the reason, before anything is copied") {
  ShadowOptions nobody;
  nobody.shadow_threads = 0;
  CHECK(Shadow(nullptr, *champion(), {}).refuses(1) == ShadowDrop::not_ready);
  CHECK(Shadow(champion(), *champion(), nobody).refuses(1) == ShadowDrop::not_ready);
  Shadow shadow(nullptr, *champion(), {});
  CHECK_FALSE(push(shadow, 0, item_of(1)));
  CHECK(dropped(shadow, ShadowDrop::not_ready) == 1);
}

TEST_CASE("a version that takes other inputs is incompatible") {
  const auto refuses = [](const OnnxModel& model) {
    LoadOptions options = row_wise();
    options.rowwise_proved = false;
    return Shadow(load(model, options), *champion(), {}).refuses(1);
  };
  CHECK_FALSE(refuses(scale()));
  CHECK_FALSE(refuses(scale("x", kFloat, {1, 2})));  // some requests fit
  CHECK_FALSE(refuses(scale("x", kFloat, {-1, -1})));
  CHECK(refuses(scale("z")) == ShadowDrop::incompatible);
  CHECK(refuses(scale("x", kDouble)) == ShadowDrop::incompatible);
  CHECK(refuses(scale("x", kFloat, {-1, 3})) == ShadowDrop::incompatible);
  CHECK(refuses(scale("x", kFloat, {-1, 2, 1})) == ShadowDrop::incompatible);
  const OnnxModel two = OnnxModel()
                            .input("x", kFloat, {-1, 2})
                            .input("z", kFloat, {-1, 2})
                            .output("y", kFloat, {-1, 2})
                            .node("Add", {"x", "z"}, {"y"});
  CHECK(refuses(two) == ShadowDrop::incompatible);
}

TEST_CASE("outputs are those of the shadowed version, compared as declared or as they are") {
  const OnnxModel model = OnnxModel()
                              .input("x", kFloat, {-1, 2})
                              .output("scores", kFloat, {-1, -1})
                              .output("label", kInt64, {-1})
                              .output("value", kFloat, {-1, 1})
                              .node("Identity", {"x"}, {"scores"})
                              .node("ArgMax", {"x"}, {"label"}, {{"axis", 1}, {"keepdims", 0}})
                              .node("ReduceMax", {"x"}, {"value"}, {{"keepdims", 1}});
  LoadOptions load_options = row_wise();
  load_options.rowwise_proved = false;
  const auto source = load(model, load_options);
  const Shadow plain(champion(), *source, {});
  REQUIRE(plain.outputs().size() == 3);
  CHECK(plain.outputs()[0].name == "scores");
  CHECK(plain.outputs()[0].mode == CompareMode::argmax);
  CHECK(plain.outputs()[1].mode == CompareMode::label);
  CHECK(plain.outputs()[2].mode == CompareMode::tolerance);
  CHECK(plain.source() == 1);
  ShadowOptions declared;
  declared.rules = {{"value", {CompareMode::label, 0, 0}}, {"nobody", {}}};
  const Shadow other(champion(), *source, declared);
  CHECK(other.outputs()[0].mode == CompareMode::argmax);
  CHECK(other.outputs()[2].mode == CompareMode::label);
}

TEST_CASE(
    "whatever many threads offer and take, every offer has one end and every byte comes back") {
  constexpr uint32_t kOffering = 3, kTaking = 2, kOffers = 20'000;
  ShadowOptions options;
  options.io_threads = kOffering;
  options.shadow_threads = kTaking;
  options.items_max = 16;
  options.bytes_max = 400;
  options.sample_ppm = 700'000;
  Shadow shadow(champion(), *champion(), options);
  std::atomic<bool> all_offered{false};
  std::vector<std::thread> threads;
  for (uint32_t slot = 0; slot < kOffering; ++slot) {
    threads.emplace_back([&, slot] {
      uint64_t lots = slot;
      for (uint32_t i = 0; i < kOffers; ++i) {
        if (!shadow.samples(splitmix64(lots))) {
          shadow.sample_out(slot);
        } else if (const auto reason = shadow.refuses(20); reason && i % 2 == 0) {
          shadow.drop(slot, *reason);
        } else {
          push(shadow, slot, item_of(splitmix64(lots) % 60));
        }
      }
    });
  }
  std::vector<std::thread> takers;
  for (uint32_t index = 0; index < kTaking; ++index) {
    takers.emplace_back([&, index] {
      ShadowItem* item = nullptr;
      for (;;) {
        const bool is_last_look = all_offered.load();
        while (shadow.queue.try_pop(item)) {
          shadow.runs(index).ok.add();
          delete item;
        }
        if (is_last_look) return;
        std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  all_offered.store(true);
  for (std::thread& taker : takers) taker.join();
  uint64_t queued = 0;
  for (uint32_t slot = 0; slot < kOffering; ++slot) {
    CHECK(shadow.offers(slot).offered.get() == kOffers);
    CHECK(ends(shadow.offers(slot)) == kOffers);
    CHECK(shadow.offers(slot).sampled_out.get() > 0);
    queued += shadow.offers(slot).queued.get();
  }
  CHECK(shadow.runs(0).ok.get() + shadow.runs(1).ok.get() == queued);
  CHECK(shadow.bytes_held() == 0);
}
