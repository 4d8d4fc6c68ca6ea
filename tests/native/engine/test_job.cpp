#include <doctest/doctest.h>

#include "engine/job.h"
#include "engine/job_fixture.h"
#include "ring/mpsc_inbox.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("a job holds its version and its bytes until it is freed") {
  ByteBudget budget(100);
  auto served = std::make_shared<ServedVersion>(nullptr, 2);
  const std::weak_ptr<ServedVersion> watch = served;
  auto job = std::make_unique<Job>();
  job->served = std::move(served);
  REQUIRE(job->charge.try_set(budget, 70));
  CHECK_FALSE(watch.expired());
  CHECK(budget.in_use() == 70);
  job.reset();
  CHECK(watch.expired());
  CHECK(budget.in_use() == 0);
}

TEST_CASE("a new job has nothing wrong with it and fits an inbox") {
  Job job;
  CHECK(job.status.ok());
  CHECK_FALSE(job.cancelled.load());
  MpscInbox<Job> inbox;
  CHECK(inbox.push(&job));
  CHECK(inbox.take_all() == &job);
}
