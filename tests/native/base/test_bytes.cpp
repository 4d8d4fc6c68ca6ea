#include <doctest/doctest.h>

#include "base/bytes.h"

using namespace tiltyard;

TEST_CASE("little-endian numbers are written and read byte by byte, at any address") {
  Bytes out = "x";
  append_u32_le(out, 0x01020304);
  CHECK(out == Bytes("x\4\3\2\1", 5));
  CHECK(load_u32_le(out.data() + 1) == 0x01020304);
  append_u32_le(out, UINT32_MAX);
  CHECK(load_u32_le(out.data() + 5) == UINT32_MAX);
}

TEST_CASE("big-endian numbers are the other way round") {
  char raw[5] = {9, 9, 9, 9, 9};
  store_u32_be(raw + 1, 0x01020304);
  CHECK(Bytes(raw, 5) == Bytes("\x09\1\2\3\4", 5));
  CHECK(load_u32_be(raw + 1) == 0x01020304);
  CHECK(load_u32_be("\x80\0\0\1") == 0x80000001);
}

TEST_CASE("bytes that are freed hold no memory") {
  Bytes bytes(1'000'000, 'x');
  free_bytes(bytes);
  CHECK(bytes.empty());
  CHECK(bytes.capacity() == Bytes().capacity());
}
