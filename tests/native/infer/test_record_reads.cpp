#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "infer/category_code.h"
#include "infer/record_reads.h"

using namespace tiltyard;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows of `width` elements with their own bytes.
struct Rows {
  template <typename T>
  Rows(DataType of_type, size_t width, const std::vector<T>& values)
      : type(of_type),
        bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)) {
    tensor.data = bytes.data();
    tensor.width = tensor.step = width;
    tensor.is_there = true;
  }
  Rows(size_t width, std::vector<Bytes> strings)
      : type(DataType::BYTES), texts(std::move(strings)), views(texts.begin(), texts.end()) {
    tensor.strings = views.data();
    tensor.width = tensor.step = width;
    tensor.is_there = true;
  }
  Rows(const Rows&) = delete;

  // The words of row `row`: one for each element of `window` where they are read one by one.
  std::vector<uint32_t> words(SlotReads reads, size_t row, RecordWindow window) const {
    const RecordRead read = record_read_of(reads, type);
    REQUIRE((read != nullptr));
    std::vector<uint32_t> out(reads_one_element(reads) ? window.count : 1, 0xdddd'dddd);
    read(tensor, row, window, out.data());
    return out;
  }
  uint32_t code(SlotReads reads, size_t row, RecordWindow window) const {
    return words(reads, row, window)[0];
  }
  float number(SlotReads reads, size_t row, RecordWindow window) const {
    return std::bit_cast<float>(code(reads, row, window));
  }

  DataType type;
  Bytes bytes;
  std::vector<Bytes> texts;
  std::vector<BytesView> views;
  RecordTensor tensor;
};

std::vector<float> floats(const std::vector<uint32_t>& words) {
  std::vector<float> out;
  for (const uint32_t word : words) out.push_back(std::bit_cast<float>(word));
  return out;
}

bool can_read(SlotReads reads, DataType type) {
  return record_read_of(reads, type) != nullptr;
}

constexpr RecordWindow kAll{0, 0};

}  // namespace

TEST_CASE("every way of reading has a name, and none another's") {
  for (int i = 0; i <= static_cast<int>(SlotReads::width); ++i) {
    const auto reads = static_cast<SlotReads>(i);
    CHECK(slot_reads_of(slot_reads_name(reads)) == reads);
  }
  CHECK_FALSE(slot_reads_of("median").has_value());
}

TEST_CASE("a number is the element as float32, of every numeric datatype") {
  const auto first = [](const Rows& rows) { return rows.number(SlotReads::number, 0, {0, 1}); };
  CHECK(first({DataType::BOOL, 1, std::vector<uint8_t>{7}}) == 1);
  CHECK(first({DataType::UINT8, 1, std::vector<uint8_t>{200}}) == 200);
  CHECK(first({DataType::UINT16, 1, std::vector<uint16_t>{60'000}}) == 60'000);
  CHECK(first({DataType::UINT32, 1, std::vector<uint32_t>{4'000'000'000}}) == 4e9f);
  CHECK(first({DataType::UINT64, 1, std::vector<uint64_t>{UINT64_MAX}}) == 0x1p64f);
  CHECK(first({DataType::INT8, 1, std::vector<int8_t>{-7}}) == -7);
  CHECK(first({DataType::INT16, 1, std::vector<int16_t>{-700}}) == -700);
  CHECK(first({DataType::INT32, 1, std::vector<int32_t>{-70'000}}) == -70'000);
  CHECK(first({DataType::INT64, 1, std::vector<int64_t>{INT64_MIN}}) == -0x1p63f);
  CHECK(first({DataType::FP16, 1, std::vector<uint16_t>{0x3e00}}) == 1.5f);
  CHECK(first({DataType::BF16, 1, std::vector<uint16_t>{0x3fc0}}) == 1.5f);
  CHECK(first({DataType::FP32, 1, std::vector<float>{0.1f}}) == 0.1f);
  CHECK(first({DataType::FP64, 1, std::vector<double>{0.1}}) == 0.1f);
  CHECK(first({DataType::FP64, 1, std::vector<double>{-1e300}}) == -kInfinity);
  CHECK(std::isnan(first({DataType::FP64, 1, std::vector<double>{std::nan("")}})));
  // 2^24 + 1 and + 3 lie between two floats: to the even one.
  CHECK(first({DataType::INT32, 1, std::vector<int32_t>{16'777'217}}) == 16'777'216.0f);
  CHECK(first({DataType::INT32, 1, std::vector<int32_t>{16'777'219}}) == 16'777'220.0f);
  CHECK(first({DataType::UINT64, 1, std::vector<uint64_t>{(1ull << 40) + (1ull << 16)}}) ==
        0x1p40f);
}

TEST_CASE("neighbouring elements are read together, and what the row has not is missing") {
  const Rows floats_of_three(DataType::FP32, 3, std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(floats(floats_of_three.words(SlotReads::number, 1, {0, 3})) == std::vector<float>{4, 5, 6});
  const auto beyond = floats(floats_of_three.words(SlotReads::number, 0, {2, 3}));
  CHECK(beyond[0] == 3);
  CHECK((std::isnan(beyond[1]) && std::isnan(beyond[2])));
  CHECK(std::isnan(floats_of_three.number(SlotReads::number, 0, {9, 1})));

  const Rows ints(DataType::INT64, 2, std::vector<int64_t>{1, 2, 3, 4});
  CHECK(ints.words(SlotReads::category, 1, {0, 3}) ==
        std::vector<uint32_t>{category_code(int64_t{3}), category_code(int64_t{4}), kMissingCode});
}

TEST_CASE("strings have codes and lengths") {
  const Rows texts(2, {"de", "", Bytes("a\0b", 3), "fr"});
  CHECK(texts.words(SlotReads::category, 0, {0, 3}) ==
        std::vector<uint32_t>{category_code(BytesView("de")), kMissingCode, kMissingCode});
  CHECK(texts.code(SlotReads::category, 1, {0, 1}) == category_code(BytesView("a\0b", 3)));
  const auto lengths = floats(texts.words(SlotReads::length, 1, {0, 3}));
  CHECK(lengths[0] == 3);
  CHECK(lengths[1] == 2);
  CHECK(std::isnan(lengths[2]));
}

TEST_CASE("a one-hot group is the place of its only element that is not 0") {
  const Rows rows(DataType::FP32, 4, std::vector<float>{9, 0,     1,    0,  //
                                                        9, 0,     0,    0,  //
                                                        9, 1,     0,    2,  //
                                                        9, 0,     kNan, 0,  //
                                                        9, -0.0f, 0,    -5});
  const auto code = [&](size_t row) { return rows.code(SlotReads::one_hot, row, {1, 3}); };
  CHECK(code(0) == 1);
  CHECK(code(1) == kMissingCode);
  CHECK(code(2) == kInvalidCode);
  CHECK(code(3) == kInvalidCode);
  CHECK(code(4) == 2);
  CHECK(rows.code(SlotReads::one_hot, 0, {2, 3}) == kMissingCode);  // not all of it is there
  CHECK(rows.code(SlotReads::one_hot, 1, kAll) == 0);
}

TEST_CASE("an argmax is the first of the largest, and a NaN has none") {
  const Rows rows(DataType::FP32, 3, std::vector<float>{1, 5, 5, kNan, 1, 2, 3, kNan, 9});
  CHECK(rows.number(SlotReads::argmax, 0, {0, 3}) == 1);
  CHECK(rows.number(SlotReads::argmax, 0, {1, 2}) == 0);
  CHECK(std::isnan(rows.number(SlotReads::argmax, 1, kAll)));
  CHECK(std::isnan(rows.number(SlotReads::argmax, 2, kAll)));
  CHECK(std::isnan(rows.number(SlotReads::argmax, 0, {3, 0})));  // of no element
}

TEST_CASE("summaries of a row, of a window, and of nothing") {
  const Rows rows(DataType::INT32, 4, std::vector<int32_t>{100, 2, 4, 6, 1, 1, 1, 1});
  const RecordWindow tail{1, 3};
  CHECK(rows.number(SlotReads::mean, 0, tail) == 4);
  CHECK(rows.number(SlotReads::spread, 0, tail) == static_cast<float>(std::sqrt(8.0 / 3)));
  CHECK(rows.number(SlotReads::min, 0, tail) == 2);
  CHECK(rows.number(SlotReads::max, 0, tail) == 6);
  CHECK(rows.number(SlotReads::norm, 0, tail) == static_cast<float>(std::sqrt(56.0)));
  CHECK(rows.number(SlotReads::width, 0, tail) == 4);
  CHECK(rows.number(SlotReads::mean, 0, kAll) == 28);
  CHECK(rows.number(SlotReads::spread, 1, kAll) == 0);
  for (const SlotReads reads :
       {SlotReads::mean, SlotReads::spread, SlotReads::min, SlotReads::max, SlotReads::norm}) {
    CHECK(std::isnan(rows.number(reads, 0, {2, 3})));  // more than there is
    CHECK(std::isnan(rows.number(reads, 0, {4, 0})));  // nothing
  }
}

TEST_CASE("a sum of floats keeps what float32 would lose") {
  std::vector<float> values(10'001, 1e-3f);
  values[0] = 1e6f;
  const Rows rows(DataType::FP32, values.size(), values);
  const double mean = (1e6 + 10'000 * double{1e-3f}) / 10'001;
  CHECK(rows.number(SlotReads::mean, 0, kAll) == static_cast<float>(mean));
}

TEST_CASE("a NaN makes sums NaN, and the extremes pass over it") {
  const Rows rows(DataType::FP32, 3, std::vector<float>{1, kNan, 3, kNan, kNan, kNan});
  for (const SlotReads reads : {SlotReads::mean, SlotReads::spread, SlotReads::norm}) {
    CHECK(std::isnan(rows.number(reads, 0, kAll)));
  }
  CHECK(rows.number(SlotReads::min, 0, kAll) == 1);
  CHECK(rows.number(SlotReads::max, 0, kAll) == 3);
  CHECK(std::isnan(rows.number(SlotReads::min, 1, kAll)));
  CHECK(rows.number(SlotReads::width, 1, kAll) == 3);
}

TEST_CASE("strings are summed up by their lengths") {
  const Rows texts(3, {"a", "bbb", "", "x", "y", "z"});
  CHECK(texts.number(SlotReads::count_length, 0, kAll) == 3);
  CHECK(texts.number(SlotReads::count_length, 0, {1, 2}) == 2);
  CHECK(texts.number(SlotReads::mean, 0, kAll) == static_cast<float>(4.0 / 3));
  CHECK(texts.number(SlotReads::min, 0, kAll) == 0);
  CHECK(texts.number(SlotReads::max, 0, kAll) == 3);
  CHECK(texts.number(SlotReads::max, 1, kAll) == 1);
  CHECK(texts.number(SlotReads::width, 0, kAll) == 3);
}

TEST_CASE("a tensor that is not there is missing in every way of reading") {
  const RecordTensor nothing;
  for (const DataType type : {DataType::FP32, DataType::INT64, DataType::BYTES}) {
    for (int i = 0; i <= static_cast<int>(SlotReads::width); ++i) {
      const auto reads = static_cast<SlotReads>(i);
      const RecordRead read = record_read_of(reads, type);
      if (read == nullptr) continue;
      uint32_t word = 0;
      read(nothing, 3, {0, 1}, &word);
      if (reads == SlotReads::category || reads == SlotReads::one_hot) {
        CHECK(word == kMissingCode);
      } else {
        CHECK(std::isnan(std::bit_cast<float>(word)));
      }
    }
  }
}

TEST_CASE("strings are no numbers, and numbers have no length") {
  for (const SlotReads reads : {SlotReads::number, SlotReads::one_hot, SlotReads::argmax,
                                SlotReads::spread, SlotReads::norm}) {
    CHECK_FALSE(can_read(reads, DataType::BYTES));
  }
  for (const SlotReads reads : {SlotReads::length, SlotReads::count_length}) {
    CHECK_FALSE(can_read(reads, DataType::FP32));
    CHECK_FALSE(can_read(reads, DataType::BOOL));
  }
}
