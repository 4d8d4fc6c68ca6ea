#include <doctest/doctest.h>

#include "engine/shadow_fixture.h"
#include "engine/shadow_offers.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint32_t kIoThread = 1;

// Nobody works: what is offered stays in its queue.
struct Pool {
  Pool() { shared.shadows = &shadows; }
  EngineShared shared{shadow_engine_options()};
  ShadowPool shadows{shared.options, *shared.records};
};

const std::shared_ptr<ModelVersion>& version() {
  static const std::shared_ptr<ModelVersion> scale = version_scale(2);
  return scale;
}

Shadows shadows_with(const std::vector<uint32_t>& sample_ppms, uint32_t items_max = 1'024) {
  Shadows shadows;
  for (const uint32_t ppm : sample_ppms) {
    ShadowOptions options = shadow_options();
    options.sample_ppm = ppm;
    options.items_max = items_max;
    shadows.push_back(std::make_shared<Shadow>(version(), *version(), options));
  }
  return shadows;
}

GrpcMessage message_of(const Bytes& bytes) {
  GrpcMessage message;
  message.view = bytes;
  return message;
}

std::unique_ptr<ShadowItem> pop(Shadow& shadow) {
  ShadowItem* item = nullptr;
  REQUIRE(shadow.queue.try_pop(item));
  return std::unique_ptr<ShadowItem>(item);
}

}  // namespace

TEST_CASE("each shadow samples for itself, at its own share, and every request is counted") {
  Pool pool;
  const Shadows shadows = shadows_with({0, 1'000'000, 300'000, 300'000}, 65'536);
  ShadowOffers offers(pool.shared, kIoThread, 7);
  const Bytes request = infer_request("scale", {1, 2});
  uint64_t both = 0;
  for (int i = 0; i < 10'000; ++i) {
    GrpcMessage message = message_of(request);
    const uint32_t drawn = offers.draw(shadows);
    both += (drawn >> 2) == 3 ? 1 : 0;
    offers.keep(shadows, drawn, message, "reply", false, 100);
    if (i % 10 == 9) offers.offer(200);
  }
  CHECK(count_of(*shadows[0], "sampled_out") == 10'000);
  CHECK(count_of(*shadows[0], "queued") == 0);
  CHECK(count_of(*shadows[1], "queued") == 10'000);
  CHECK(count_of(*shadows[2], "queued") == doctest::Approx(3'000).epsilon(0.1));
  CHECK(both == doctest::Approx(900).epsilon(0.2));  // independent of one another
  for (const auto& shadow : shadows) {
    CHECK(count_of(*shadow, "offered") == 10'000);
    check_balance(*shadow);
  }
}

TEST_CASE("an item holds the request, the reply, and the champion's time up to the flush") {
  Pool pool;
  const Shadows shadows = shadows_with({1'000'000, 1'000'000});
  ShadowOffers offers(pool.shared, kIoThread, 7);
  const Bytes request = infer_request("scale", {1, 2});
  GrpcMessage message = message_of(request);
  {
    const Bytes reply = "a reply that is gone by the time of the offer";
    offers.keep(shadows, 3, message, reply, true, 1'000);
  }
  CHECK(count_of(*shadows[0], "offered") == 0);  // not before the replies are out
  offers.offer(5'000);
  for (const auto& shadow : shadows) {
    const auto item = pop(*shadow);
    CHECK(item->request == request);
    CHECK(item->reply == "a reply that is gone by the time of the offer");
    CHECK(item->is_stream);
    CHECK(item->home == kIoThread);
    CHECK(item->offered_ns == 5'000);
    CHECK(item->champion_ns == 4'000);
  }
  offers.offer(6'000);  // nothing is offered twice
  CHECK(count_of(*shadows[0], "offered") == 1);
}

TEST_CASE("a large message of its own bytes moves to the last who takes it, others get copies") {
  Pool pool;
  const Shadows shadows = shadows_with({1'000'000, 1'000'000});
  for (const bool is_ending : {false, true}) {
    ShadowOffers offers(pool.shared, kIoThread, 7);
    GrpcMessage large;
    large.owned.assign(100'000, 'q');
    large.view = large.owned;
    const char* const bytes = large.view.data();
    if (is_ending) {
      offers.keep_ending(shadows, 3, large, "reply", false, 0);
      CHECK(large.owned.empty());
    } else {
      offers.keep(shadows, 3, large, "reply", false, 0);
      CHECK(large.owned.size() == 100'000);
    }
    offers.offer(1);
    CHECK(large.owned.empty());
    const auto first = pop(*shadows[0]), second = pop(*shadows[1]);
    CHECK(first->request == Bytes(100'000, 'q'));
    CHECK(second->request.data() == bytes);
  }
}

TEST_CASE("the bytes of a message that ends are taken at once") {
  Pool pool;
  const Shadows shadows = shadows_with({1'000'000});
  ShadowOffers offers(pool.shared, kIoThread, 7);
  {
    const Bytes request = "small, and gone";
    GrpcMessage message = message_of(request);
    offers.keep_ending(shadows, 1, message, "reply", false, 0);
  }
  offers.offer(1);
  CHECK(pop(*shadows[0])->request == "small, and gone");
}

TEST_CASE("what would be dropped is counted, and not copied before") {
  Pool pool;
  const Shadows shadows = shadows_with({1'000'000}, 2);
  ShadowOffers offers(pool.shared, kIoThread, 7);
  const Bytes request = infer_request("scale", {1, 2});
  for (int i = 0; i < 5; ++i) {
    GrpcMessage message = message_of(request);
    offers.keep(shadows, 1, message, "reply", false, 0);
    offers.offer(1);
  }
  CHECK(count_of(*shadows[0], "queued") == 2);
  CHECK(count_of(read_shadow(*shadows[0]).dropped, "queue_full") == 3);
  // Several in one cycle find room when they are kept, and not all of them when they are offered.
  const Shadows others = shadows_with({1'000'000}, 2);
  GrpcMessage message = message_of(request);
  for (int i = 0; i < 5; ++i) offers.keep(others, 1, message, "reply", false, 0);
  offers.offer(1);
  CHECK(count_of(*others[0], "queued") == 2);
  check_balance(*others[0]);
  GrpcMessage huge;
  huge.owned.assign(64u << 20, 'q');
  huge.view = huge.owned;
  const Shadows empty = shadows_with({1'000'000});
  offers.keep(empty, 1, huge, "reply", false, 0);
  CHECK(count_of(read_shadow(*empty[0]).dropped, "bytes_full") == 1);
}
