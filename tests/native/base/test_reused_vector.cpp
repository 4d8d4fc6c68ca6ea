#include <doctest/doctest.h>

#include "base/reused_vector.h"

using namespace tiltyard;

namespace {

struct Item {
  std::vector<int> numbers;
  void trim() { clear_and_trim(numbers); }
};

}  // namespace

TEST_CASE("elements survive clear() and keep what they hold") {
  ReusedVector<Item> items;
  items.push().numbers.assign(10, 7);
  items.clear();
  CHECK(items.empty());
  CHECK(items.push().numbers.size() == 10);
  CHECK(items.size() == 1);
}

TEST_CASE("trim() gives back what is more than usual, and keeps what is not") {
  ReusedVector<Item> items;
  for (size_t i = 0; i < kItemsKept; ++i) items.push();
  const size_t usual = items.kept();
  items[0].numbers.assign(kItemsKept, 7);
  items[1].numbers.assign(kItemsKept + 1, 7);
  items.trim();
  CHECK(items.empty());
  CHECK(items.kept() == usual);
  CHECK(items.push().numbers.capacity() == kItemsKept);
  CHECK(items.push().numbers.capacity() == 0);
  for (size_t i = 0; i < 16'384; ++i) items.push();
  items.trim();
  CHECK(items.kept() == 0);
}

TEST_CASE("an element that the last request did not use is trimmed too") {
  ReusedVector<Item> items;
  items.push();
  items.push().numbers.assign(1'000, 7);
  items.clear();
  items.push();
  items.trim();
  items.push();
  CHECK(items.push().numbers.capacity() == 0);
}
