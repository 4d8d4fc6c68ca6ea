// Jobs to Python and back, with the end of the engine at every point of the way.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "engine/slow_path.h"
#include "engine_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr char kStatistics[] = "/inference.GRPCInferenceService/ModelStatistics";

Job* job_with(const std::string& message) {
  auto job = std::make_unique<Job>();
  job->method_path = kStatistics;
  job->message.owned = message;
  job->message.own();
  return job.release();
}

}  // namespace

TEST_CASE("every job that io threads submit at once is taken, one a post") {
  SlowPath slow(1'024);
  constexpr int kThreads = 4, kJobs = 5'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&slow] {
      for (int i = 0; i < kJobs; ++i) {
        Job* job = job_with("x");
        while (!slow.try_submit(job)) std::this_thread::yield();
      }
    });
  }
  int taken = 0;
  while (taken < kThreads * kJobs) {
    const SlowPath::Taken next = slow.take(60'000);
    REQUIRE(next.id != 0);  // a post without a job would be a lost one
    CHECK(next.message == "x");
    ++taken;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(slow.take(0).id == 0);
  slow.clear();
}

TEST_CASE("the end wakes all who wait, now and later, and their answers find nobody") {
  SlowPath slow(8);
  REQUIRE(slow.try_submit(job_with("asked before the end")));
  const SlowPath::Taken taken = slow.take(0);
  REQUIRE(slow.try_submit(job_with("never handed out")));
  CHECK(slow.take(0).id != 0);
  std::vector<std::thread> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.emplace_back([&slow] { CHECK(slow.take(600'000).id == 0); });
  }
  slow.end();
  for (std::thread& thread : waiting) thread.join();
  REQUIRE(slow.try_submit(job_with("too late")));
  CHECK(slow.take(600'000).id == 0);
  slow.clear();
  CHECK(taken.message == "asked before the end");  // its taker's own
  CHECK(taken.path == kStatistics);
  CHECK_FALSE(slow.finish(taken.id, "reply"));
  CHECK_FALSE(slow.fail(taken.id, make_error(Error::draining)));
  CHECK(slow.has_ended());
}

TEST_CASE("an engine stops while Python takes calls") {
  for (int round = 0; round < 10; ++round) {
    ServingEngine serving;
    serving.publish({});
    std::atomic<bool> done{false};
    std::thread python([&] {
      while (!done.load()) {
        const SlowPath::Taken taken = serving.engine.slow_path().take(10);
        if (taken.id == 0) continue;
        CHECK(taken.path == kStatistics);
        // After the stop there is nobody to answer.
        const bool answered = serving.engine.slow_path().finish(taken.id, taken.message);
        CHECK((answered || serving.engine.slow_path().has_ended()));
      }
    });
    GrpcTestClient client(serving.port);
    CHECK(client.call(kStatistics, "").status == 0);
    for (int i = 0; i < 100; ++i) client.send(kStatistics, "");
    serving.engine.stop();
    done.store(true);
    python.join();
  }
}
