#include <doctest/doctest.h>

#include "model/run_cost.h"

namespace tiltyard {
namespace {

TEST_CASE("run cost: grows with the input elements, not the rows") {
  const RunCost cost{.base_ns = 100, .row_ns = 10, .row_elements = 30};
  CHECK(cost.lone_ns() == 110);
  CHECK(cost.predict_ns(30) == doctest::Approx(110));
  CHECK(cost.predict_ns(300) == doctest::Approx(200));
}

TEST_CASE("run cost: the most elements within a time are those that take it") {
  const RunCost cost{.base_ns = 100, .row_ns = 10, .row_elements = 30};
  CHECK(cost.elements_within(200) == 300);
  CHECK(cost.predict_ns(cost.elements_within(12'345)) <= 12'345);
  CHECK(cost.elements_within(100) == 0);
  CHECK(cost.elements_within(99) == -1);
}

TEST_CASE("run cost: rows that cost nothing set no bound") {
  const RunCost cost{.base_ns = 100, .row_ns = 0, .row_elements = 1};
  CHECK(cost.elements_within(200) > 99'000);
}

TEST_CASE("cost correction: follows what runs take") {
  CostCorrection correction;
  for (int i = 0; i < 100; ++i) correction.update(1'000, 4'300);
  CHECK(correction.factor() == doctest::Approx(4.3).epsilon(0.06));
  for (int i = 0; i < 200; ++i) correction.update(1'000, 50);
  CHECK(correction.factor() == doctest::Approx(0.05).epsilon(0.06));
}

TEST_CASE("cost correction: one run that took for ever counts as one") {
  CostCorrection correction;
  for (int i = 0; i < 50; ++i) correction.update(1'000, i % 2 == 0 ? 1'040 : 960);
  const double before = correction.factor();
  correction.update(1'000, 1e12);
  CHECK(correction.factor() <= before * 1.051);
}

}  // namespace
}  // namespace tiltyard
