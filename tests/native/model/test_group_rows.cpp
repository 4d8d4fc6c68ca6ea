#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "model/group_rows.h"

namespace tiltyard {
namespace {

// Runs groups of a model whose run of n rows takes run_ns(n), and counts the sizes asked for.
std::map<int64_t, int> sizes_of(GroupRows& rows, int groups,
                                const std::function<double(int64_t)>& run_ns) {
  std::map<int64_t, int> asked;
  for (int i = 0; i < groups; ++i) {
    const int64_t size = rows.next();
    ++asked[size];
    rows.update(size, 30 * size, run_ns(size));
  }
  return asked;
}

TEST_CASE("group rows: a fixed part of the run is shared by large groups") {
  GroupRows rows;
  sizes_of(rows, 50, [](int64_t n) { return 1'000 + 10.0 * static_cast<double>(n); });
  const auto asked =
      sizes_of(rows, 640, [](int64_t n) { return 1'000 + 10.0 * static_cast<double>(n); });
  CHECK(asked.rbegin()->first >= 1'024);
  CHECK(asked.rbegin()->second > 400);
}

TEST_CASE(
    "group rows: rows that cost the same alone are run alone, and larger groups still tried") {
  GroupRows rows;
  const auto asked = sizes_of(rows, 640, [](int64_t n) { return 800.0 * static_cast<double>(n); });
  CHECK(asked.at(1) >= 620);
  CHECK(asked.at(2) >= 5);
  CHECK(asked.size() == 2);
}

TEST_CASE("group rows: the best size between is found and kept") {
  GroupRows rows;
  const auto run_ns = [](int64_t n) {
    const double each = n <= 4 ? 100.0 : 150.0;  // from 8 rows on the cache is too small
    return 400 + each * static_cast<double>(n);
  };
  sizes_of(rows, 20, run_ns);
  const auto asked = sizes_of(rows, 640, run_ns);
  CHECK(asked.at(4) >= 600);
}

TEST_CASE("group rows: follows a model whose rows became other ones") {
  GroupRows rows;
  sizes_of(rows, 200, [](int64_t n) { return 1'000 + static_cast<double>(n); });
  const auto alone = [](int64_t n) { return 100.0 * static_cast<double>(n * n); };
  sizes_of(rows, 20'000, alone);
  CHECK(sizes_of(rows, 64, alone).begin()->first <= 2);
}

TEST_CASE("group rows: runs of nothing teach nothing") {
  GroupRows rows;
  rows.update(0, 0, 5);
  CHECK(rows.next() >= 1);
}

}  // namespace
}  // namespace tiltyard
