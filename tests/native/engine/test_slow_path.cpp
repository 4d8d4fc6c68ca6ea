// Jobs to Python and back, with the end of the engine at every point of the way.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "engine/job_fixture.h"
#include "engine/slow_path.h"
#include "engine_fixture.h"
#include "grpc_test_client.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr char kPath[] = "/inference.GRPCInferenceService/ModelStatistics";
constexpr uint32_t kWaitMs = 10'000;

Job* make_job(Jobs& jobs, BytesView message) {
  Job* job = new Job();
  job->home = &jobs.home;
  job->method_path = kPath;
  job->message.owned = message;
  job->message.view = job->message.owned;
  REQUIRE(job->charge.try_set(jobs.shared.budget, message.size()));
  return job;
}

}  // namespace

TEST_CASE("a call goes to Python as its path and bytes, and the answer comes home framed") {
  Jobs jobs;
  SlowPath slow(8);
  CHECK(slow.take(0).id == 0);
  Job* job = make_job(jobs, "question");
  REQUIRE(slow.try_submit(job));
  const SlowPath::Taken taken = slow.take(kWaitMs);
  REQUIRE(taken.id != 0);
  CHECK(taken.path == kPath);
  CHECK(taken.message == "question");
  CHECK(slow.finish(taken.id, "answer"));
  CHECK(job->framed == Bytes("\0\0\0\0\6answer", 11));
  CHECK_FALSE(slow.finish(taken.id, "again"));
  CHECK_FALSE(slow.fail(taken.id, make_error(Error::starting)));
  CHECK_FALSE(slow.finish(999, "of nobody"));
}

TEST_CASE("a handler's error comes home as the job's status, and gzip as asked") {
  Jobs jobs;
  SlowPath slow(8);
  Job* failing = make_job(jobs, "a");
  Job* zipped = make_job(jobs, "b");
  zipped->reply_gzip = true;
  REQUIRE(slow.try_submit(failing));
  REQUIRE(slow.try_submit(zipped));
  CHECK(slow.fail(slow.take(kWaitMs).id, make_error(Error::handler_not_found, {"no such"})));
  CHECK(failing->status.error == Error::handler_not_found);
  CHECK(slow.finish(slow.take(kWaitMs).id, "answer"));
  CHECK(zipped->framed[0] == 1);
  CHECK(inflate(zipped->framed.substr(kGrpcPrefixBytes)) == "answer");
}

TEST_CASE("a call that its client has cancelled is not given to Python") {
  Jobs jobs;
  SlowPath slow(8);
  Job* cancelled = make_job(jobs, "a");
  cancelled->cancelled.store(true);
  REQUIRE(slow.try_submit(cancelled));
  CHECK(slow.take(kWaitMs).id == 0);
  CHECK(cancelled->status.error == Error::cancelled);
}

TEST_CASE("a full slow path leaves the job with its owner") {
  Jobs jobs;
  SlowPath slow(2);
  for (int i = 0; i < 2; ++i) REQUIRE(slow.try_submit(make_job(jobs, "a")));
  const std::unique_ptr<Job> refused(make_job(jobs, "b"));
  CHECK_FALSE(slow.try_submit(refused.get()));
}

TEST_CASE("what is queued and what is with Python is freed when the engine stops") {
  Jobs jobs;
  SlowPath slow(8);
  REQUIRE(slow.try_submit(make_job(jobs, "taken")));
  REQUIRE(slow.try_submit(make_job(jobs, "queued")));
  const SlowPath::Taken taken = slow.take(kWaitMs);
  slow.clear();
  CHECK(jobs.shared.budget.in_use() == 0);
  CHECK_FALSE(slow.finish(taken.id, "too late"));
}

TEST_CASE("a thread that waits is woken by a call, and calls of many threads are each taken once") {
  Jobs jobs;
  SlowPath slow(256);
  constexpr int kCalls = 200;
  std::atomic<int> answered{0};
  std::vector<std::thread> handlers;
  for (int h = 0; h < 2; ++h) {
    handlers.emplace_back([&] {
      while (answered.load() < kCalls) {
        const SlowPath::Taken taken = slow.take(20);
        if (taken.id != 0 && slow.finish(taken.id, taken.message)) answered.fetch_add(1);
      }
    });
  }
  std::vector<Job*> made;
  for (int i = 0; i < kCalls; ++i) {
    made.push_back(make_job(jobs, std::to_string(i)));
    REQUIRE(slow.try_submit(made.back()));
  }
  for (std::thread& handler : handlers) handler.join();
  for (int i = 0; i < kCalls; ++i) {
    CHECK(made[static_cast<size_t>(i)]->framed.substr(kGrpcPrefixBytes) == std::to_string(i));
  }
}

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
