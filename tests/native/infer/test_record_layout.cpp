#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/limits.h"
#include "infer/category_code.h"
#include "infer/record_layout.h"
#include "record_requests.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr auto kInput = RecordSide::input;
constexpr auto kOutput = RecordSide::output;

// x FP32 [-1,6], n INT64 [-1,2] and s BYTES [-1,-1] to label INT64 [-1] and scores FP32 [-1,3].
Signature signature() {
  return {{spec("x", DataType::FP32, {-1, 6}), spec("n", DataType::INT64, {-1, 2}),
           spec("s", DataType::BYTES, {-1, -1})},
          {spec("label", DataType::INT64, {-1}), spec("scores", DataType::FP32, {-1, 3})}};
}

RecordLayout layout_of(const Signature& signature, const std::vector<SlotSpec>& slots) {
  RecordLayout layout;
  const std::string problem = RecordLayout::make(signature, true, slots, layout);
  REQUIRE_MESSAGE(problem.empty(), problem);
  return layout;
}

std::string problem_of(const Signature& signature, const SlotSpec& slot, bool is_batchable = true) {
  RecordLayout layout;
  return RecordLayout::make(signature, is_batchable, {&slot, 1}, layout);
}

// The words of one row, without the head.
std::vector<uint32_t> words_of(const RecordLayout& layout, const RecordedRequest& request,
                               size_t row) {
  RecordSource source;
  source.set_request(layout.tensors(), request.bound);
  source.set_outputs(request.outputs);
  std::vector<uint32_t> words(layout.stride() / 4 - kRecordHeadWords, 0xdddd'dddd);
  layout.read_row(source, row, words.data());
  return words;
}

uint32_t word(float value) {
  return std::bit_cast<uint32_t>(value);
}

}  // namespace

TEST_CASE("words come in the order of the slots, each from its row") {
  const Signature of = signature();
  const RecordLayout layout = layout_of(of, {{kOutput, 0, 0},
                                             {kInput, 0, 4},
                                             {kInput, 0, 5},
                                             {kInput, 0, 0},
                                             {kInput, 1, 1, 1, SlotReads::category},
                                             {kInput, 0, 1, 3, SlotReads::one_hot},
                                             {kOutput, 1, 0, 0, SlotReads::argmax},
                                             {kInput, 2, 0, 1, SlotReads::category},
                                             {kInput, 2, 0, 0, SlotReads::width}});
  CHECK(layout.slots() == 9);
  CHECK(layout.stride() == 72);  // 32 + 4 * 9, and the padding
  RecordedRequest request(of, 2);
  request.input({2, 6}, raw<float>({0, 1, 0, 0, 4, 5, 10, 0, 0, 1, 14, 15}));
  request.input({2, 2}, raw<int64_t>({7, 8, 9, 10})).input({2, 1}, framed({"a", "b"}));
  request.output(0, {2}, raw<int64_t>({0, 1}));
  request.output(1, {2, 3}, raw<float>({0.7f, 0.2f, 0.1f, 0, 0, 1}));
  CHECK(words_of(layout, request, 0) ==
        std::vector<uint32_t>{word(0), word(4), word(5), word(0), category_code(int64_t{8}), 0,
                              word(0), category_code(BytesView("a")), word(1), 0});
  CHECK(words_of(layout, request, 1) ==
        std::vector<uint32_t>{word(1), word(14), word(15), word(10), category_code(int64_t{10}), 2,
                              word(2), category_code(BytesView("b")), word(1), 0});
}

TEST_CASE("slots read together give the words that each gives alone") {
  std::mt19937 random(3);
  const Signature of = signature();
  RecordedRequest request(of, 3);
  std::vector<float> x(18);
  std::vector<int64_t> n(6);
  for (float& value : x) value = static_cast<float>(random() % 100);
  for (int64_t& value : n) value = static_cast<int64_t>(random() % 100);
  request.input({3, 6}, raw(x)).input({3, 2}, raw(n));
  request.input({3, 2}, framed({"a", "bb", "", "ccc", "d", "e"}));
  request.output(0, {3}, raw<int64_t>({1, 0, 1})).output(1, {3, 3}, raw(x).substr(0, 36));
  for (int round = 0; round < 200; ++round) {
    std::vector<SlotSpec> slots;
    const size_t count = random() % 30;
    while (slots.size() < count) {
      // Runs of columns, broken now and then.
      const bool is_input = random() % 3 != 0;
      const size_t tensor = random() % (is_input ? 3 : 2);
      const uint32_t width = is_input ? (tensor == 0 ? 6 : 2) : (tensor == 0 ? 1 : 3);
      const bool is_text = is_input && tensor == 2;
      const SlotReads reads = is_text ? (random() % 2 ? SlotReads::length : SlotReads::category)
                                      : (random() % 4 ? SlotReads::number : SlotReads::category);
      for (uint32_t column = random() % width; column < width; ++column) {
        slots.push_back({is_input ? kInput : kOutput, tensor, column, 1, reads});
      }
    }
    const RecordLayout layout = layout_of(of, slots);
    for (size_t row = 0; row < 3; ++row) {
      const std::vector<uint32_t> together = words_of(layout, request, row);
      for (size_t i = 0; i < slots.size(); ++i) {
        REQUIRE(together[i] == words_of(layout_of(of, {slots[i]}), request, row)[0]);
      }
      if (slots.size() % 2 != 0) REQUIRE(together.back() == 0);
    }
  }
}

TEST_CASE("an output that was not asked for is missing") {
  const Signature of = signature();
  const RecordLayout layout =
      layout_of(of, {{kOutput, 1, 0}, {kOutput, 0, 0, 1, SlotReads::category}});
  const RecordedRequest request(of, 1);
  const std::vector<uint32_t> words = words_of(layout, request, 0);
  CHECK(std::isnan(std::bit_cast<float>(words[0])));
  CHECK(words[1] == kMissingCode);
}

TEST_CASE("a slot that cannot be is refused with its name, what is there and what was asked") {
  const Signature of = signature();
  CHECK(problem_of(of, {kInput, 0, 6}) ==
        "slot 0, input 'x': a row has 6 elements; 'number' asks for element 6");
  CHECK(problem_of(of, {kInput, 0, 4, 3, SlotReads::one_hot}) ==
        "slot 0, input 'x': a row has 6 elements; 'one_hot' asks for elements from 4 to 6");
  CHECK(problem_of(of, {kInput, 0, 7, 0, SlotReads::mean}) ==
        "slot 0, input 'x': a row has 6 elements; 'mean' asks for elements from 7");
  CHECK(problem_of(of, {kOutput, 0, 1}) ==
        "slot 0, output 'label': a row has 1 elements; 'number' asks for element 1");
  CHECK(problem_of(of, {kInput, 2, 0}) == "slot 0, input 's': 'number' cannot be read of BYTES");
  CHECK(problem_of(of, {kInput, 0, 0, 2}) ==
        "slot 0, input 'x': 'number' reads one element, so its count is 1; got 2");
  CHECK(problem_of(of, {kInput, 2, 1'000, 1, SlotReads::length}).empty());  // its rows are free
  std::vector<SlotSpec> many(kRecordSlotsMax + 1, SlotSpec{kInput, 0, 0});
  RecordLayout layout;
  CHECK(RecordLayout::make(of, true, many, layout) == "a record has at most 2048 slots; got 2049");
  many.pop_back();
  CHECK(RecordLayout::make(of, true, many, layout).empty());
}

TEST_CASE("a tensor with a fixed first dimension has no rows, unless the version is batchable") {
  const Signature image{{spec("image", DataType::UINT8, {4, 4, 3})},
                        {spec("scores", DataType::FP32, {1, 10})}};
  CHECK(problem_of(image, {kInput, 0, 0, 48, SlotReads::mean}, false).empty());
  CHECK_FALSE(problem_of(image, {kInput, 0, 0, 49, SlotReads::mean}, false).empty());
  CHECK(problem_of(image, {kOutput, 0, 9}, false).empty());
  RecordLayout layout;
  const SlotSpec mean{kInput, 0, 0, 0, SlotReads::mean};
  REQUIRE(RecordLayout::make(image, false, {&mean, 1}, layout).empty());
  CHECK_FALSE(layout.tensors().has_rows);

  const Signature alone{{spec("x", DataType::FP32, {1, 5})}, {spec("y", DataType::FP32, {7})}};
  REQUIRE(RecordLayout::make(alone, false, {&mean, 1}, layout).empty());
  CHECK(layout.tensors().has_rows);
  CHECK(problem_of(alone, {kOutput, 0, 6}, false).empty());  // one row of seven
}
