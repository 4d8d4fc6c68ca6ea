#include <doctest/doctest.h>

#include "base/charge.h"

using tiltyard::ByteBudget;
using tiltyard::Charge;

TEST_CASE("a charge grows, shrinks, moves and ends; the budget always knows") {
  ByteBudget budget(100);
  {
    Charge charge;
    CHECK(charge.try_set(budget, 60));
    CHECK(budget.in_use() == 60);
    Charge other;
    CHECK_FALSE(other.try_set(budget, 41));
    CHECK(budget.in_use() == 60);
    CHECK(other.try_set(budget, 40));
    CHECK(charge.try_set(budget, 10));
    CHECK(budget.in_use() == 50);
    const Charge moved(std::move(charge));
    CHECK(budget.in_use() == 50);
    other.release();
    CHECK(budget.in_use() == 10);
  }
  CHECK(budget.in_use() == 0);
}
