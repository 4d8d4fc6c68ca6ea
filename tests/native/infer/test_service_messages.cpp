#include <doctest/doctest.h>

#include <protozero/pbf_writer.hpp>

#include "infer/service_messages.h"

using namespace tiltyard;

TEST_CASE("two names, or a name and a flag") {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_string(1, "fraud");
  writer.add_string(2, "3");
  NamesView names;
  REQUIRE(decode_names(message, names).ok());
  CHECK(names.first == "fraud");
  CHECK(names.first.data() > message.data());
  CHECK(names.second == "3");
  CHECK_FALSE(names.flag);

  std::string index;
  protozero::pbf_writer(index).add_bool(2, true);
  NamesView ready;
  REQUIRE(decode_names(index, ready).ok());
  CHECK(ready.first.empty());
  CHECK(ready.flag);
}

TEST_CASE("other fields, groups among them, are skipped; the last of a name counts") {
  std::string message("\x0b\x10\x01\x0c", 4);  // group 1 with a field inside
  protozero::pbf_writer writer(message);
  writer.add_string(1, "first");
  writer.add_fixed64(9, 1);
  writer.add_uint32(1, 5);  // another wire type than the name's: an unknown field
  writer.add_string(1, "last");
  NamesView names;
  REQUIRE(decode_names(message, names).ok());
  CHECK(names.first == "last");
}

TEST_CASE("an empty message has no names, and a broken one is refused") {
  NamesView names;
  CHECK(decode_names("", names).ok());
  CHECK(names.first.empty());
  CHECK(decode_names("\x0a\x05"
                     "ab",
                     names)
            .error == Error::malformed_message);
  CHECK(decode_names("\x0a\x01\xff", names).error == Error::malformed_message);  // not UTF-8
  CHECK(decode_names(Bytes("\x00\x01", 2), names).error == Error::malformed_message);
}

TEST_CASE("a reply of one number; zero is proto3's default and takes no bytes") {
  Bytes out = "kept";
  append_field_one(0, out);
  CHECK(out == "kept");
  append_field_one(3, out);
  CHECK(out == "kept\x08\x03");
}
