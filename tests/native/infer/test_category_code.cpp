#include <doctest/doctest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <limits>
#include <string>

#include "infer/category_code.h"

using namespace tiltyard;

namespace {

uint32_t low_hash(const void* data, size_t bytes) {
  return static_cast<uint32_t>(XXH3_64bits(data, bytes));
}

}  // namespace

TEST_CASE("numbers are hashed by 8 bytes, whatever their width") {
  const int64_t minus_three = -3;
  CHECK(category_code(minus_three) == low_hash(&minus_three, 8));
  CHECK(category_code_of(int8_t{-3}) == category_code(minus_three));
  CHECK(category_code_of(uint8_t{200}) == category_code(int64_t{200}));
  CHECK(category_code_of(std::numeric_limits<uint64_t>::max()) == category_code(int64_t{-1}));
  const double half = 0.5;
  CHECK(category_code(half) == low_hash(&half, 8));
  CHECK(category_code_of(0.5f) == category_code(half));
  CHECK(category_code_of(0.1f) == category_code(double{0.1f}));
  CHECK(category_code(-0.0) == category_code(0.0));
  CHECK(category_code(1.0) != category_code(int64_t{1}));
}

TEST_CASE("what is missing and what is invalid have codes that no value has") {
  CHECK(category_code(std::numeric_limits<double>::quiet_NaN()) == kMissingCode);
  CHECK(category_code(BytesView()) == kMissingCode);
  CHECK(category_code(std::numeric_limits<double>::infinity()) == kInvalidCode);
  CHECK(category_code(-std::numeric_limits<double>::infinity()) == kInvalidCode);
  CHECK(category_code(BytesView("abc")) == low_hash("abc", 3));
  CHECK(category_code(BytesView("\0", 1)) == low_hash("\0", 1));
}

TEST_CASE("a hash that is one of the two codes is lowered by 2") {
  // Found by trying numbers from 0 on: the first whose hashes end so.
  const int64_t all_ones = 1'093'382'471, but_the_last = 3'816'862'105;
  REQUIRE(low_hash(&all_ones, 8) == kMissingCode);
  REQUIRE(low_hash(&but_the_last, 8) == kInvalidCode);
  CHECK(category_code(all_ones) == kMissingCode - 2);
  CHECK(category_code(but_the_last) == kInvalidCode - 2);
}
