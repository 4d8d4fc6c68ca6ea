#include <doctest/doctest.h>

#include <random>

#include "infer/bytes_codec.h"

using namespace tiltyard;

namespace {

Bytes framed(const std::vector<Bytes>& elements) {
  Bytes out;
  for (const Bytes& element : elements) append_framed(element, out);
  return out;
}

}  // namespace

TEST_CASE("what is framed comes back as views into the raw bytes") {
  const std::vector<Bytes> elements = {"", "a", Bytes("\0b\0", 3), Bytes(70'000, 'x'), ""};
  const Bytes raw = framed(elements);
  REQUIRE(check_framed_bytes(raw, 5) == BytesFraming::ok);
  std::vector<BytesView> views = {"kept"};
  append_framed_views(raw, views);
  REQUIRE(views.size() == 6);
  CHECK(views[0] == "kept");
  for (size_t i = 0; i < elements.size(); ++i) {
    CHECK(views[i + 1] == elements[i]);
    CHECK(views[i + 1].data() >= raw.data());
    CHECK(views[i + 1].data() + views[i + 1].size() <= raw.data() + raw.size());
  }
}

TEST_CASE("the length is little-endian, and the first byte after it is the element's") {
  CHECK(framed({"abc"}) == Bytes("\3\0\0\0abc", 7));
  CHECK(framed({Bytes(258, 'x')}).substr(0, 4) == Bytes("\2\1\0\0", 4));
}

TEST_CASE("the count must be that of the shape; no elements are no bytes") {
  CHECK(check_framed_bytes("", 0) == BytesFraming::ok);
  CHECK(check_framed_bytes("", 1) == BytesFraming::wrong_count);
  CHECK(check_framed_bytes(framed({"a", "b"}), 1) == BytesFraming::wrong_count);
  CHECK(check_framed_bytes(framed({"a", "b"}), 3) == BytesFraming::wrong_count);
  CHECK(check_framed_bytes(framed({""}), 0) == BytesFraming::wrong_count);
}

TEST_CASE("data that ends inside a length or an element says which") {
  const Bytes raw = framed({"ab", "cd"});
  for (size_t n = 0; n < raw.size(); ++n) {
    const size_t into = n % 6;  // an element here has six bytes
    const BytesFraming expected = into == 0  ? BytesFraming::wrong_count
                                  : into < 4 ? BytesFraming::truncated_length
                                             : BytesFraming::truncated_element;
    CHECK(check_framed_bytes(BytesView(raw).substr(0, n), 2) == expected);
  }
}

TEST_CASE("the sentence of a broken framing names the element and the counts") {
  const Bytes raw = framed({"ab", "cd"});
  CHECK(framing_problem(raw, 3) == "expected 3 elements, got 2");
  CHECK(framing_problem(BytesView(raw).substr(0, 8), 2) ==
        "the data ends inside the length of element 1");
  CHECK(framing_problem(BytesView(raw).substr(0, 11), 2) ==
        "element 1 has a length of 2 bytes, but 1 are left");
}

TEST_CASE("a length that claims four gigabytes reads nothing beyond the data") {
  const Bytes raw = Bytes("\xff\xff\xff\xff", 4) + "abc";
  CHECK(check_framed_bytes(raw, 1) == BytesFraming::truncated_element);
}

TEST_CASE("random bytes that are accepted are exactly what framing their elements gives") {
  std::mt19937 random(11);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes raw;
    const size_t words = random() % 4;
    for (size_t i = 0; i < words; ++i) append_u32_le(raw, random() % 6);
    raw.append(random() % 5, 'z');
    for (int64_t elements = 0; elements < 5; ++elements) {
      if (check_framed_bytes(raw, elements) != BytesFraming::ok) continue;
      ++accepted;
      std::vector<BytesView> views;
      append_framed_views(raw, views);
      CHECK(views.size() == static_cast<size_t>(elements));
      CHECK(framed({views.begin(), views.end()}) == raw);
    }
  }
  CHECK(accepted > 1'000);
}
