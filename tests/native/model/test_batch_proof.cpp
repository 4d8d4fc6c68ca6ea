#include <doctest/doctest.h>

#include "base/clock.h"
#include "model/batch_proof.h"
#include "model/ort_fixture.h"
#include "model/runner.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

// What comparing finds for a model, whatever the static proof would say of it.
RowDifference difference_of(const OnnxModel& model, uint32_t rows_max, uint32_t* compared = nullptr,
                            uint64_t deadline_ns = UINT64_MAX) {
  LoadOptions options;
  options.batchable_claimed = true;  // so that groups may be run at all
  const auto version = load(model, options);
  std::string what;
  const auto rows = TrialRows::create(version->signature(), {}, what);
  REQUIRE_MESSAGE(rows != nullptr, what);
  Runner runner(0);
  BatchProof proof(*version, runner, *rows);
  RowDifference found;
  REQUIRE_MESSAGE(proof.compare(rows_max, deadline_ns, found, what), what);
  if (compared != nullptr) *compared = proof.rows_compared();
  return found;
}

OnnxModel row_wise_model() {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .floats("factor", {1}, {3})
      .node("Mul", {"x", "factor"}, {"y"});
}

// Every row less the mean of all rows.
OnnxModel centered() {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .node("ReduceMean", {"x"}, {"mean"}, {{"keepdims", 1}})
      .node("Sub", {"x", "mean"}, {"y"});
}

}  // namespace

TEST_CASE("rows that do not touch each other come out the same, bit by bit") {
  uint32_t compared = 0;
  const RowDifference found = difference_of(row_wise_model(), 64, &compared);
  CHECK(found.bitwise);
  CHECK(found.error == 0);
  CHECK_FALSE(found.other_changed);
  CHECK(compared == 64);
}

TEST_CASE("rows that are coupled are found out, by how far they are off") {
  const RowDifference found = difference_of(centered(), 64);
  CHECK_FALSE(found.bitwise);
  CHECK(found.error > 1e-3);
}

TEST_CASE("past its deadline the proof still compares the first sizes, and says how many rows") {
  uint32_t compared = 0;
  const RowDifference found = difference_of(row_wise_model(), 128, &compared, 1);
  CHECK(found.bitwise);
  CHECK(compared >= 8);
  CHECK(compared < 128);
}

TEST_CASE("no batch is larger than it may get to be") {
  uint32_t compared = 0;
  difference_of(row_wise_model(), 5, &compared);
  CHECK(compared == 5);
}
