#include <doctest/doctest.h>

#include "route/rollout_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

struct OneArm {
  std::shared_ptr<ServedVersion> served = std::make_shared<ServedVersion>(
      scale_version("m", 1, 1), 2, Role::champion, 3, std::make_shared<UnitBitmap>());
  const ArmStats& stats(uint32_t slot) const { return served->arm[slot]; }
  Assignment assignment() const {
    Assignment out;
    out.served = &served;
    return out;
  }
};

}  // namespace

TEST_CASE("a request is assigned once, and its end is counted by what it was") {
  const OneArm it;
  Assignment assignment = it.assignment();
  assignment.assign(0);
  assignment.assign(0);
  CHECK(it.stats(0).assigned.get() == 1);
  assignment.complete(1, 5'000);
  CHECK(it.stats(1).completed.get() == 1);
  CHECK(it.stats(1).latency.count(LatencyHistogram::bucket_of(5'000)) == 1);
  assignment.fail(1, Error::cancelled);
  assignment.fail(1, Error::queue_full);
  CHECK(it.stats(1).cancelled.get() == 1);
  CHECK(it.stats(1).errors[static_cast<size_t>(Error::queue_full)].get() == 1);
  CHECK(it.stats(1).errors[static_cast<size_t>(Error::cancelled)].get() == 0);
  assignment.reroute(0);
  assignment.note_non_finite(0);
  CHECK(it.stats(0).rerouted.get() == 1);
  CHECK(it.stats(0).non_finite.get() == 1);
}

TEST_CASE("a unit fails by its first request, and not by a client's mistake") {
  const OneArm it;
  const auto request = [&](uint32_t unit, Error error) {
    Assignment assignment = it.assignment();
    assignment.has_unit = true;
    assignment.unit = unit;
    assignment.assign(0);
    if (error != Error::none) assignment.fail(0, error);
  };
  request(1, Error::run_failed);
  request(2, Error::none);
  request(2, Error::run_failed);
  request(3, Error::missing_input);
  request(4, Error::cancelled);
  const UnitBitmap::Counts counts = it.served->units->count(0, 16);
  CHECK(counts.seen == 4);
  CHECK(counts.failed == 1);
}

TEST_CASE("what the split cannot place is counted, but in no unit") {
  const auto served =
      std::make_shared<ServedVersion>(scale_version("m", 1, 1), 2, Role::unsplit, 3, nullptr);
  Assignment assignment;
  assignment.served = &served;
  assignment.has_unit = true;  // of the canary that could not take it
  assignment.assign(0);
  assignment.complete(0, 1);
  assignment.fail(0, Error::run_failed);
  CHECK_FALSE(assignment.is_first_of_unit);
  CHECK(served->arm[0].assigned.get() == 1);
  CHECK(served->arm[0].completed.get() == 1);
  CHECK(served->arm[0].errors[static_cast<size_t>(Error::run_failed)].get() == 1);
}

TEST_CASE("where nothing is loaded nothing is counted") {
  const auto served = std::make_shared<ServedVersion>(nullptr, 2);
  Assignment assignment;
  assignment.served = &served;
  assignment.assign(0);
  assignment.fail(0, Error::run_failed);
  CHECK(assignment.is_counted);
  CHECK(served->arm == nullptr);
}
