#include "base/stable_pool.h"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a pool's objects stay where they are and keep what they hold") {
  tiltyard::StablePool<std::string> pool;
  std::string* first = &pool.push();
  first->assign(1'000, 'x');
  for (int i = 0; i < 100; ++i) pool.push();
  CHECK(&pool[0] == first);
  pool.clear();
  CHECK(pool.empty());
  CHECK(&pool.push() == first);
  CHECK(first->size() == 1'000);
  pool.pop();
  CHECK(pool.empty());
}
