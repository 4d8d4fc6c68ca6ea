#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

#include "engine/job_fixture.h"
#include "engine/worker_pool.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

EngineOptions with_workers(uint32_t workers) {
  EngineOptions options;
  options.worker_threads = workers;
  return options;
}

// Until the queue is empty. The jobs that are then still being run are home after stop().
void drain(const ServedVersion& served) {
  while (served.queue.size() > 0) std::this_thread::yield();
}

int before_in_inbox(const Job* job) {
  int jobs = 0;
  for (job = job->next_in_inbox; job != nullptr; job = job->next_in_inbox) ++jobs;
  return jobs;
}

}  // namespace

TEST_CASE("every job is run once, by some worker, and comes home") {
  Jobs jobs(with_workers(2));
  const auto served = served_scale(2, 8, 1'024, 2);
  std::vector<Job*> made;
  {
    WorkerPool pool(jobs.shared.options, *jobs.shared.records);
    pool.start();
    for (int i = 0; i < 500; ++i) {
      made.push_back(jobs.make(served, {static_cast<float>(i), 0}));
      REQUIRE(pool.try_submit(made.back()));
    }
    drain(*served);
    pool.stop();
  }
  for (size_t i = 0; i < made.size(); ++i) {
    CHECK(reply_of(*made[i]).values.at(0) == static_cast<float>(2 * i));
  }
  CHECK(total(*served, &VersionStats::success) == 500);
  CHECK(served->workers_called.load() <= 2);
}

TEST_CASE("a full queue leaves the job with its owner") {
  Jobs jobs(with_workers(1));
  const auto served = served_scale(2, 8, 2);
  WorkerPool pool(jobs.shared.options, *jobs.shared.records);  // and nobody works
  for (int i = 0; i < 2; ++i) REQUIRE(pool.try_submit(jobs.make(served, {1, 2})));
  const std::unique_ptr<Job> refused(jobs.make(served, {1, 2}));
  CHECK_FALSE(pool.try_submit(refused.get()));
  CHECK(refused->status.ok());
  pool.start();
  drain(*served);
}

TEST_CASE("a version with many jobs does not hold up another's") {
  Jobs jobs(with_workers(1));
  const auto busy = served_scale(2, 1), other = served_scale(3, 1);
  Job* last = nullptr;
  {
    WorkerPool pool(jobs.shared.options, *jobs.shared.records);
    for (int i = 0; i < 100; ++i) REQUIRE(pool.try_submit(jobs.make(busy, {1, 2})));
    last = jobs.make(other, {1, 2});
    REQUIRE(pool.try_submit(last));
    pool.start();
    drain(*busy);
    drain(*other);
    pool.stop();
  }
  CHECK(reply_of(*last).values == std::vector<float>{3, 6});
  CHECK(before_in_inbox(last) <= 2);  // its turn came after one run of the busy version
}

TEST_CASE("a pool stops with jobs queued and running, and gives every byte of them back") {
  for (int round = 0; round < 20; ++round) {
    const auto served = served_scale(2, 2, 1'024, 2);
    EngineOptions options = with_workers(2);
    EngineShared shared(options);
    {
      IoThread home(shared, 0);
      WorkerPool pool(options, *shared.records);
      pool.start();
      for (int i = 0; i < 300; ++i) {
        auto job = std::make_unique<Job>();
        job->home = &home;
        job->served = served;
        job->message.owned = infer_request("scale", {1, 2});
        job->message.view = job->message.owned;
        REQUIRE(job->charge.try_set(shared.budget, job->message.owned.size()));
        if (pool.try_submit(job.get())) job.release();
      }
      pool.stop();
      CHECK(served->queue.size() == 0);
    }
    CHECK(shared.budget.in_use() == 0);
    CHECK(served.use_count() == 1);
  }
}

TEST_CASE("submitters and workers never leave a job behind") {
  Jobs jobs(with_workers(2));
  const auto served = served_scale(2, 4, 64, 2);
  WorkerPool pool(jobs.shared.options, *jobs.shared.records);
  pool.start();
  std::atomic<uint64_t> submitted{0};
  std::vector<std::thread> submitters;
  for (int s = 0; s < 2; ++s) {
    submitters.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) {
        std::unique_ptr<Job> job(jobs.make(served, {1, 2}));
        while (!pool.try_submit(job.get())) std::this_thread::yield();
        job.release();
        submitted.fetch_add(1);
        // Now and then the workers are let run dry, so that they must be called anew.
        if (i % 50 == 0) drain(*served);
      }
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  drain(*served);
  pool.stop();
  CHECK(total(*served, &VersionStats::success) == submitted.load());
}

TEST_CASE("more busy versions than can wait for a worker are refused, and nothing breaks") {
  EngineOptions options;
  options.worker_threads = 4;
  RecordPool records(thread_slots_of(options), options.limits.record_bytes_max);
  WorkerPool pool(options, records, 256);  // not started: nothing is taken out
  std::vector<std::shared_ptr<ServedVersion>> versions;
  int accepted = 0;
  for (int i = 0; i < 1'000; ++i) {
    versions.push_back(std::make_shared<ServedVersion>(nullptr, 8));
    auto job = std::make_unique<Job>();
    job->served = versions.back();
    if (!pool.try_submit(job.get())) continue;
    job.release();
    ++accepted;
  }
  CHECK(accepted >= 256 - 2 * kThreadSlotsMax);
  CHECK(accepted < 256);
  size_t queued = 0;
  for (const auto& served : versions) queued += served->queue.size();
  CHECK(queued == static_cast<size_t>(accepted));
  pool.stop();
  for (const auto& served : versions) CHECK(served->queue.size() == 0);
}
