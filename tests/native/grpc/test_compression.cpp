#include "grpc/compression.h"

#include <doctest/doctest.h>

using namespace tiltyard;

namespace {

Bytes zipped(BytesView plain) {
  Bytes out;
  append_gzip(plain, out);
  return out;
}

}  // namespace

TEST_CASE("gzip there and back") {
  for (const Bytes& plain : {Bytes(), Bytes("a"), Bytes(500'000, 'x'), Bytes("\0\1\0", 3)}) {
    Bytes back;
    REQUIRE(gunzip(zipped(plain), 1'000'000, back).ok());
    CHECK(plain == back);
  }
}

TEST_CASE("a small message that inflates beyond the limit is refused before it is made") {
  const Bytes bomb = zipped(Bytes(50'000'000, '\0'));
  CHECK(bomb.size() < 300'000);
  Bytes back;
  CHECK(gunzip(bomb, 1'000'000, back).error == Error::message_too_large);
  CHECK(back.capacity() < 4'000'000);
  CHECK(gunzip(zipped(Bytes(1'000, 'x')), 1'000, back).ok());
  CHECK(gunzip(zipped(Bytes(1'001, 'x')), 1'000, back).error == Error::message_too_large);
}

TEST_CASE("what is not one whole gzip member is refused") {
  Bytes back;
  const Bytes good = zipped("some text that is long enough to be cut");
  CHECK(gunzip("not gzip at all", 100, back).error == Error::bad_compression);
  CHECK(gunzip("", 100, back).error == Error::bad_compression);
  CHECK(gunzip(BytesView(good).substr(0, good.size() - 3), 100, back).error ==
        Error::bad_compression);
  CHECK(gunzip(good + "x", 100, back).error == Error::bad_compression);
  Bytes flipped = good;
  flipped[flipped.size() - 5] ^= 1;  // of the checksum
  CHECK(gunzip(flipped, 100, back).error == Error::bad_compression);
}
