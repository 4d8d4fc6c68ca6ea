#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <protozero/pbf_writer.hpp>

#include "infer/typed_contents.h"

using namespace tiltyard;

namespace {

using protozero::pbf_writer;

constexpr auto kInt = static_cast<uint32_t>(ContentsField::int_contents);
constexpr auto kUint = static_cast<uint32_t>(ContentsField::uint_contents);
constexpr auto kFp32 = static_cast<uint32_t>(ContentsField::fp32_contents);
constexpr auto kFp64 = static_cast<uint32_t>(ContentsField::fp64_contents);
constexpr auto kBytes = static_cast<uint32_t>(ContentsField::bytes_contents);

ContentsCounts counts_of(const std::vector<BytesView>& parts) {
  ContentsCounts counts = {};
  for (const BytesView part : parts) count_contents(WireReader(part), counts);
  return counts;
}

int64_t count(const std::vector<BytesView>& parts, ContentsField field) {
  return counts_of(parts)[static_cast<size_t>(field)];
}

template <typename T>
std::vector<T> values_of(const std::vector<BytesView>& parts, DataType type) {
  std::vector<T> out(static_cast<size_t>(count(parts, contents_field_of(type))));
  copy_contents(parts, type, reinterpret_cast<char*>(out.data()));
  return out;
}

std::string packed_ints(uint32_t field, const std::vector<int32_t>& values) {
  std::string message;
  pbf_writer(message).add_packed_int32(field, values.begin(), values.end());
  return message;
}

}  // namespace

TEST_CASE("each datatype has the field of its family; half floats have none") {
  CHECK(contents_field_of(DataType::BOOL) == ContentsField::bool_contents);
  CHECK(contents_field_of(DataType::INT8) == ContentsField::int_contents);
  CHECK(contents_field_of(DataType::UINT32) == ContentsField::uint_contents);
  CHECK(contents_field_of(DataType::BYTES) == ContentsField::bytes_contents);
  CHECK(contents_field_of(DataType::FP16) == ContentsField::none);
  CHECK(contents_field_of(DataType::BF16) == ContentsField::none);
  CHECK(contents_field_name(ContentsField::uint64_contents) == "uint64_contents");
}

TEST_CASE("values are the same packed, one by one, mixed, and in several parts") {
  std::string whole = packed_ints(kInt, {1, -2});
  pbf_writer(whole).add_int32(kInt, 3);
  const std::string more = packed_ints(kInt, {4, std::numeric_limits<int32_t>::min()});
  const std::vector<BytesView> parts = {whole, more};
  CHECK(values_of<int32_t>(parts, DataType::INT32) ==
        std::vector<int32_t>{1, -2, 3, 4, std::numeric_limits<int32_t>::min()});
}

TEST_CASE("floats keep every bit, packed or not") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> floats = {1.5f, -0.0f, nan, 1e-45f};
  std::string message;
  pbf_writer writer(message);
  writer.add_packed_float(kFp32, floats.begin(), floats.end());
  writer.add_float(kFp32, 7.25f);
  const auto got = values_of<float>({message}, DataType::FP32);
  REQUIRE(got.size() == 5);
  CHECK(std::memcmp(got.data(), floats.data(), 4 * sizeof(float)) == 0);
  CHECK(got[4] == 7.25f);
  const std::vector<double> doubles = {1e300, -2.5};
  std::string wide;
  pbf_writer(wide).add_packed_double(kFp64, doubles.begin(), doubles.end());
  pbf_writer(wide).add_double(kFp64, 3);
  CHECK(values_of<double>({wide}, DataType::FP64) == std::vector<double>{1e300, -2.5, 3});
}

TEST_CASE("small integers are narrowed, and 64 bits stay 64") {
  const std::string signs = packed_ints(kInt, {-128, 127, -1});
  CHECK(values_of<int8_t>({signs}, DataType::INT8) == std::vector<int8_t>{-128, 127, -1});
  CHECK(values_of<int16_t>({signs}, DataType::INT16) == std::vector<int16_t>{-128, 127, -1});
  std::string wide;
  pbf_writer(wide).add_int64(static_cast<uint32_t>(ContentsField::int64_contents), INT64_MIN);
  CHECK(values_of<int64_t>({wide}, DataType::INT64) == std::vector<int64_t>{INT64_MIN});
  std::string huge;
  pbf_writer(huge).add_uint64(static_cast<uint32_t>(ContentsField::uint64_contents), UINT64_MAX);
  CHECK(values_of<uint64_t>({huge}, DataType::UINT64) == std::vector<uint64_t>{UINT64_MAX});
  std::string flags;
  pbf_writer(flags).add_uint64(static_cast<uint32_t>(ContentsField::bool_contents), 1ull << 40);
  pbf_writer(flags).add_bool(static_cast<uint32_t>(ContentsField::bool_contents), false);
  CHECK(values_of<uint8_t>({flags}, DataType::BOOL) == std::vector<uint8_t>{1, 0});
}

TEST_CASE("the first value that a small integer cannot hold is named") {
  CHECK(first_value_out_of_range({packed_ints(kInt, {127, -128})}, DataType::INT8).empty());
  CHECK(first_value_out_of_range({packed_ints(kInt, {1, 128, -500})}, DataType::INT8) == "128");
  CHECK(first_value_out_of_range({packed_ints(kInt, {-129})}, DataType::INT8) == "-129");
  CHECK(first_value_out_of_range({packed_ints(kInt, {32'768})}, DataType::INT16) == "32768");
  CHECK(first_value_out_of_range({packed_ints(kInt, {-32'768, 32'767})}, DataType::INT16).empty());
  CHECK(first_value_out_of_range({packed_ints(kInt, {INT32_MIN})}, DataType::INT32).empty());
  const std::vector<uint32_t> values = {255, 256, 65'536};
  std::string big;
  pbf_writer(big).add_packed_uint32(kUint, values.begin(), values.end());
  CHECK(first_value_out_of_range({big}, DataType::UINT8) == "256");
  CHECK(first_value_out_of_range({big}, DataType::UINT16) == "65536");
  CHECK(first_value_out_of_range({big}, DataType::UINT32).empty());
}

TEST_CASE("strings come out as views, empty ones and NUL bytes too") {
  std::string message;
  pbf_writer writer(message);
  writer.add_bytes(kBytes, "");
  writer.add_bytes(kBytes, std::string("a\0b", 3));
  CHECK(count({message}, ContentsField::bytes_contents) == 2);
  std::vector<BytesView> views;
  append_contents_views({message, message}, views);
  REQUIRE(views.size() == 4);
  CHECK(views[0].empty());
  CHECK(views[3] == BytesView("a\0b", 3));
}

TEST_CASE("fields of other numbers, and of other wire types, are not counted") {
  std::string message;
  pbf_writer writer(message);
  writer.add_uint32(99, 5);
  writer.add_fixed32(kInt, 5);   // a varint field: this is an unknown one
  writer.add_double(kFp32, 5);   // so is this
  writer.add_uint32(kBytes, 5);  // and this
  CHECK(counts_of({message}) == ContentsCounts{});
  writer.add_int32(kInt, 6);
  writer.add_float(kFp32, 6);
  CHECK(values_of<int32_t>({message}, DataType::INT32) == std::vector<int32_t>{6});
  CHECK(values_of<float>({message}, DataType::FP32) == std::vector<float>{6});
}

TEST_CASE("a packed field that ends inside an element is malformed") {
  ContentsCounts counts = {};
  const Bytes torn_float(
      "\x32\x05"
      "abcde",
      7),
      torn_double(
          "\x3a\x07"
          "abcdefg",
          9);
  const Bytes torn_varint("\x12\x02\x01\x80", 4);
  CHECK_THROWS_AS(count_contents(WireReader(torn_float), counts), protozero::exception);
  CHECK_THROWS_AS(count_contents(WireReader(torn_double), counts), protozero::exception);
  CHECK_THROWS_AS(count_contents(WireReader(torn_varint), counts), protozero::exception);
}
