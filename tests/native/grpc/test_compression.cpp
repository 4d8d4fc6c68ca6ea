#include <doctest/doctest.h>

#include "grpc/compression.h"

using namespace tiltyard;

namespace {

Bytes zipped(BytesView plain) {
  Bytes out;
  append_gzip(plain, out);
  return out;
}

Error error_of(BytesView compressed, uint32_t bytes_max, Bytes& out) {
  ByteBudget budget(1u << 30);
  Charge charge;
  return gunzip(compressed, bytes_max, budget, charge, out).error;
}

}  // namespace

TEST_CASE("gzip there and back") {
  for (const Bytes& plain : {Bytes(), Bytes("a"), Bytes(500'000, 'x'), Bytes("\0\1\0", 3)}) {
    Bytes back;
    REQUIRE(error_of(zipped(plain), 1'000'000, back) == Error::none);
    CHECK(plain == back);
  }
}

TEST_CASE("a small message that inflates beyond the limit is refused before it is made") {
  const Bytes bomb = zipped(Bytes(50'000'000, '\0'));
  CHECK(bomb.size() < 300'000);
  Bytes back;
  CHECK(error_of(bomb, 1'000'000, back) == Error::message_too_large);
  CHECK(back.capacity() < 1'000'100);
  CHECK(error_of(zipped(Bytes(1'000, 'x')), 1'000, back) == Error::none);
  CHECK(error_of(zipped(Bytes(1'001, 'x')), 1'000, back) == Error::message_too_large);
}

TEST_CASE("what a message inflates to is charged, and refused before the budget is overdrawn") {
  const Bytes compressed = zipped(Bytes(5'000'000, 'x'));
  ByteBudget budget(6'000'000);
  Bytes first, second;
  Charge charge, other;
  REQUIRE(gunzip(compressed, 50'000'000, budget, charge, first).ok());
  CHECK(budget.in_use() == 5'000'000);
  CHECK(first.capacity() < 5'000'100);  // as much as was needed, at once
  const Status refused = gunzip(compressed, 50'000'000, budget, other, second);
  CHECK(refused.error == Error::bytes_in_flight);
  CHECK(refused.message.find("6000000") != std::string::npos);
  CHECK(second.size() < 2'000'000);
  other.release();
  charge.release();
  CHECK(budget.in_use() == 0);
}

TEST_CASE("a size that the data claims and does not have is no more than room") {
  Bytes lying = zipped("short");
  lying.replace(lying.size() - 4, 4, "\xff\xff\xff\x7f");
  Bytes back;
  CHECK(error_of(lying, 1u << 30, back) == Error::bad_compression);
  CHECK(back.capacity() < 100'000);
  CHECK(error_of(zipped(Bytes(1, 'x')), 1, back) == Error::none);
}

TEST_CASE("what is not one whole gzip member is refused") {
  Bytes back;
  const Bytes good = zipped("some text that is long enough to be cut");
  const BytesView cut = BytesView(good).substr(0, good.size() - 3);
  Bytes flipped = good;
  flipped[flipped.size() - 5] ^= 1;  // of the checksum
  for (const BytesView bad : {BytesView("not gzip at all"), BytesView(), cut, BytesView(flipped)}) {
    CHECK(error_of(bad, 100, back) == Error::bad_compression);
  }
  CHECK(error_of(good + "x", 100, back) == Error::bad_compression);
}
