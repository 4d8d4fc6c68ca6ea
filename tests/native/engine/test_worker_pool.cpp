#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "engine/worker_pool.h"

using namespace tiltyard;

TEST_CASE("more busy versions than can wait for a worker are refused, and nothing breaks") {
  EngineOptions options;
  options.worker_threads = 4;
  WorkerPool pool(options, 256);  // not started: nothing is taken out
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
