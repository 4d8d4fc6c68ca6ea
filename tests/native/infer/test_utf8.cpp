#include <doctest/doctest.h>

#include <string>

#include "infer/utf8.h"

using namespace tiltyard;

namespace {

// The UTF-8 form of a code point, by the definition.
std::string encode(uint32_t point) {
  const auto low6 = [point](int shift) {
    return static_cast<char>(0x80 | (point >> shift & 0x3f));
  };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), low6(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), low6(6), low6(0)};
  return {static_cast<char>(0xf0 | point >> 18), low6(12), low6(6), low6(0)};
}

// How many of all byte strings that begin with a byte from `first` on and have `bytes` bytes are
// well-formed.
int count_well_formed(unsigned first, int bytes) {
  int found = 0;
  const uint32_t end = 1u << 8 * bytes;
  for (uint32_t value = first << 8 * (bytes - 1); value < end; ++value) {
    char text[3];
    for (int i = 0; i < bytes; ++i) text[i] = static_cast<char>(value >> 8 * (bytes - 1 - i));
    found += is_utf8({text, static_cast<size_t>(bytes)}) ? 1 : 0;
  }
  return found;
}

}  // namespace

TEST_CASE("every code point is well-formed, and no surrogate is") {
  int wrong = 0;
  for (uint32_t point = 0; point <= 0x10ffff; ++point) {
    const bool is_surrogate = point >= 0xd800 && point < 0xe000;
    wrong += is_utf8(encode(point)) == is_surrogate ? 1 : 0;
  }
  CHECK(wrong == 0);
  CHECK_FALSE(is_utf8(encode(0x110000)));
}

TEST_CASE("of all short byte strings exactly the code points are well-formed") {
  CHECK(count_well_formed(0, 1) == 128);
  CHECK(count_well_formed(0, 2) == 128 * 128 + 1'920);
  CHECK(count_well_formed(0xe0, 3) == 63'488 - 2'048);
}

TEST_CASE("a bad byte is found wherever it stands among plain ones") {
  for (size_t length = 1; length < 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string text(length, 'a');
      CHECK(is_utf8(text));
      text[at] = '\xff';
      CHECK_FALSE(is_utf8(text));
    }
  }
}

TEST_CASE("a character that the end cuts is refused, and NUL bytes are fine") {
  const std::string euro = encode(0x20ac), emoji = encode(0x1f600);
  for (size_t n = 1; n < euro.size(); ++n) CHECK_FALSE(is_utf8("12345" + euro.substr(0, n)));
  for (size_t n = 1; n < emoji.size(); ++n) CHECK_FALSE(is_utf8("12345" + emoji.substr(0, n)));
  CHECK(is_utf8("12345" + euro + emoji + "123456789"));
  CHECK(is_utf8(std::string(9, '\0')));
  CHECK(is_utf8(""));
}
