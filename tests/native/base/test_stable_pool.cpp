#include <doctest/doctest.h>

#include <string>

#include "base/stable_pool.h"

using namespace tiltyard;

namespace {

struct Item {
  std::string text;
  void trim() {
    if (text.capacity() > 1'000) std::string().swap(text);
  }
};

}  // namespace

TEST_CASE("a pool's objects stay where they are and keep what they hold") {
  StablePool<Item> pool;
  Item* first = &pool.push();
  first->text.assign(1'000, 'x');
  for (int i = 0; i < 100; ++i) pool.push();
  CHECK(&pool[0] == first);
  pool.clear();
  CHECK(pool.empty());
  CHECK(&pool.push() == first);
  CHECK(first->text.size() == 1'000);
  pool.pop();
  CHECK(pool.empty());
}

TEST_CASE("a pool gives back what an object, or the pool itself, was made to grow to") {
  StablePool<Item> pool;
  pool.push().text.assign(1'001, 'x');
  pool.clear();
  CHECK(pool.push().text.capacity() < 1'000);
  pool.push().text.assign(1'001, 'x');
  pool.pop();
  CHECK(pool.push().text.capacity() < 1'000);
  while (pool.size() < 2 * kSlotsKept) pool.push();
  pool.clear();
  CHECK(pool.kept() == kSlotsKept);
}
