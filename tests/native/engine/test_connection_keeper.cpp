// What time does to connections, through a real engine where only that shows it.
#include <doctest/doctest.h>

#include <set>

#include "engine/connection_keeper.h"
#include "engine_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";
const std::string kNotServing("\x08\x02", 2);

}  // namespace

TEST_CASE("ages are spread over a tenth of the limit, and never means never") {
  std::set<uint64_t> ages;
  for (uint32_t seed = 5; seed < 105; ++seed) {
    const uint64_t age = ConnectionKeeper::spread_age_ms(600'000, seed);
    CHECK(age > 540'000 - 1);
    CHECK(age <= 600'000);
    ages.insert(age / 6'000);
  }
  CHECK(ages.size() >= 9);
  CHECK(ConnectionKeeper::spread_age_ms(0, 7) == 0);
}

TEST_CASE("a Watch that comes during a drain is told so and ends, and the drain with it") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const int32_t open = client.open(kInfer);  // keeps the connection
  CHECK(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  serving.engine.drain();
  const GrpcReply watch = client.call(kWatch, "");
  CHECK(watch.status == static_cast<int>(GrpcCode::unavailable));
  REQUIRE(watch.messages.size() == 1);
  CHECK(watch.messages[0] == kNotServing);
  client.send_message(open, infer_request("scale", {1, 2}), true);
  CHECK(client.wait(open).status == 0);
  while (client.connected()) client.wait(999);
  while (!serving.engine.drained()) std::this_thread::yield();
}

TEST_CASE("a Watch does not keep a connection that is too old") {
  EngineOptions options;
  options.limits.connection_age_ms_max = 1;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  const GrpcReply watch = client.call(kWatch, "");
  CHECK(watch.status == static_cast<int>(GrpcCode::unavailable));
  while (client.connected()) client.wait(999);
  CHECK(client.goaway());
}
