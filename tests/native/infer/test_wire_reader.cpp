#include <doctest/doctest.h>

#include <protozero/pbf_writer.hpp>
#include <string>

#include "infer/wire_reader.h"

using namespace tiltyard;

namespace {

Bytes raw(std::initializer_list<int> bytes) {
  Bytes out;
  for (const int byte : bytes) out.push_back(static_cast<char>(byte));
  return out;
}

// Steps over all fields; empty, or what is wrong.
std::string walk(const Bytes& message) {
  try {
    WireReader reader(message);
    while (reader.next()) reader.skip();
    return "";
  } catch (const protozero::exception& problem) {
    return problem.what();
  }
}

}  // namespace

TEST_CASE("every kind of value is read, in the order of the wire") {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_uint64(1, UINT64_MAX);
  writer.add_fixed32(2, 0x01020304);
  writer.add_fixed64(300, 0x0102030405060708);
  writer.add_string(4, "name");
  WireReader reader(message);
  REQUIRE(reader.next());
  CHECK(reader.field() == 1);
  CHECK(reader.type() == WireType::varint);
  CHECK(reader.varint() == UINT64_MAX);
  REQUIRE(reader.next());
  CHECK(reader.fixed32() == 0x01020304);
  REQUIRE(reader.next());
  CHECK(reader.field() == 300);
  CHECK(reader.fixed64() == 0x0102030405060708);
  REQUIRE(reader.next());
  const BytesView name = reader.text();
  CHECK(name == "name");
  CHECK(name.data() == message.data() + message.size() - 4);
  CHECK_FALSE(reader.next());
}

TEST_CASE("a message inside knows how deep it is") {
  std::string inner, message;
  protozero::pbf_writer(inner).add_uint32(1, 5);
  protozero::pbf_writer(message).add_message(3, inner);
  WireReader reader(message);
  REQUIRE(reader.next());
  WireReader inside = reader.message();
  CHECK(inside.depth() == 1);
  REQUIRE(inside.next());
  CHECK(inside.varint() == 5);
  CHECK_FALSE(reader.next());
}

TEST_CASE("what is cut or malformed says so and reads nothing beyond the message") {
  CHECK(walk("").empty());
  CHECK(walk(raw({0x08})) != "");        // a varint that does not come
  CHECK(walk(raw({0x08, 0x80})) != "");  // and one that does not end
  CHECK(walk(raw({0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01})) != "");
  CHECK(walk(raw({0x0a, 0x05, 'a'})) == "a field is longer than its message");
  CHECK(walk(raw({0x0d, 1, 2, 3})) == "a field is longer than its message");
  CHECK(walk(raw({0x09, 1, 2, 3, 4, 5, 6, 7})) == "a field is longer than its message");
  CHECK(walk(raw({0x00, 0x01})) == "a field has the number 0");
  CHECK(walk(raw({0x0e})) == "a field has an unknown wire type");
  CHECK(walk(raw({0x0f})) == "a field has an unknown wire type");
}

TEST_CASE("tags and lengths have 32 bits in at most five bytes") {
  CHECK(walk(raw({0x88, 0x80, 0x80, 0x80, 0x00, 0x01})).empty());  // field 1, longer than needed
  CHECK(walk(raw({0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01})) ==
        "a tag or a length has more than 32 bits");
  CHECK(walk(raw({0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01})).empty());  // the largest field number
  CHECK(walk(raw({0xf8, 0xff, 0xff, 0xff, 0x1f, 0x01})) ==
        "a tag or a length has more than 32 bits");
  CHECK(walk(raw({0x0a, 0xff, 0xff, 0xff, 0xff, 0x1f})) ==
        "a tag or a length has more than 32 bits");
}

TEST_CASE("groups are skipped whole, and only with their own ends") {
  CHECK(walk(raw({0x0b, 0x10, 0x01, 0x0c})).empty());  // group 1 with field 2 inside
  CHECK(walk(raw({0x0b, 0x13, 0x14, 0x0c, 0x18, 0x01})).empty());
  CHECK(walk(raw({0x0b, 0x14})) == "a group ends that did not begin");
  CHECK(walk(raw({0x0c})) == "a group ends that did not begin");
  CHECK(walk(raw({0x0b, 0x10, 0x01})) == "a group does not end");
  CHECK(walk(raw({0x0b, 0x00, 0x01, 0x0c})).empty());  // as google.protobuf: number 0 in a group
}

TEST_CASE("groups may be nested a hundred deep") {
  const auto nested = [](size_t depth) { return Bytes(depth, '\x0b') + Bytes(depth, '\x0c'); };
  CHECK(walk(nested(kWireDepthMax)).empty());
  CHECK(walk(nested(kWireDepthMax + 1)) == "groups are nested too deep");
  CHECK(walk(nested(1'000'000)) == "groups are nested too deep");
}

TEST_CASE("a string must be UTF-8, bytes need not") {
  const Bytes message = raw({0x0a, 0x01, 0xff});
  WireReader as_bytes(message);
  REQUIRE(as_bytes.next());
  CHECK(as_bytes.bytes() == "\xff");
  WireReader as_text(message);
  REQUIRE(as_text.next());
  CHECK_THROWS_AS(as_text.text(), WireError);
}

TEST_CASE("protozero's own exceptions are told in our words") {
  CHECK(malformed_message(protozero::end_of_buffer_exception()).message ==
        "the message is not well-formed protobuf: it ends inside a number");
  CHECK(malformed_message(protozero::varint_too_long_exception()).message ==
        "the message is not well-formed protobuf: a number has more than ten bytes");
  CHECK(malformed_message(WireError("a field has the number 0")).error == Error::malformed_message);
}
