#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "infer/bytes_codec.h"
#include "infer/output_compare.h"

using namespace tiltyard;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Shape shape_of(const std::vector<int64_t>& dims) {
  Shape shape;
  for (const int64_t dim : dims) REQUIRE(shape.try_push(dim));
  return shape;
}

// A tensor with its own bytes.
struct Tensor {
  template <typename T>
  Tensor(DataType type, const std::vector<int64_t>& dims, const std::vector<T>& values)
      : bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)),
        view{type, shape_of(dims), bytes} {}
  Tensor(const std::vector<int64_t>& dims, const std::vector<Bytes>& strings) {
    for (const Bytes& text : strings) append_framed(text, bytes);
    view = {DataType::BYTES, shape_of(dims), bytes};
  }
  Tensor(const Tensor&) = delete;
  Bytes bytes;
  TensorView view;
};

Tensor floats(const std::vector<int64_t>& dims, const std::vector<float>& values) {
  return Tensor(DataType::FP32, dims, values);
}

OutputComparison compare(const Tensor& champion, const Tensor& shadow, CompareRule rule = {}) {
  OutputComparison out;
  compare_output(champion.view, &shadow.view, rule, out);
  return out;
}

CompareRule as(CompareMode mode) {
  CompareRule rule;
  rule.mode = mode;
  return rule;
}

std::vector<uint16_t> halves(const std::vector<float>& values) {
  std::vector<uint16_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<uint16_t>(_Float16(value)));
  return bits;
}

}  // namespace

TEST_CASE("a mode that can be asked for is found by its name") {
  for (const auto mode : {CompareMode::label, CompareMode::argmax, CompareMode::tolerance}) {
    CHECK(compare_mode_of(compare_mode_name(mode)) == mode);
  }
  CHECK(!compare_mode_of("automatic"));
  CHECK(!compare_mode_of("Label"));
}

TEST_CASE("how outputs are compared when nothing is declared") {
  const auto mode = [](DataType type, const std::vector<int64_t>& dims) {
    return mode_of({}, type, shape_of(dims));
  };
  CHECK(mode(DataType::INT64, {-1}) == CompareMode::label);
  CHECK(mode(DataType::BOOL, {-1, 7}) == CompareMode::label);
  CHECK(mode(DataType::BYTES, {-1, 7}) == CompareMode::label);
  for (const DataType type : {DataType::FP16, DataType::BF16, DataType::FP32, DataType::FP64}) {
    CHECK(mode(type, {-1, 3}) == CompareMode::argmax);
    CHECK(mode(type, {-1, 4, 3}) == CompareMode::argmax);
    CHECK(mode(type, {-1, -1}) == CompareMode::argmax);
    CHECK(mode(type, {-1, 1}) == CompareMode::tolerance);
    CHECK(mode(type, {-1}) == CompareMode::tolerance);  // its last dimension is the rows
    CHECK(mode(type, {10}) == CompareMode::tolerance);
    CHECK(mode(type, {}) == CompareMode::tolerance);
  }
}

TEST_CASE("what is declared holds, where it means something") {
  const auto mode = [](CompareMode declared, DataType type, const std::vector<int64_t>& dims) {
    return mode_of(as(declared), type, shape_of(dims));
  };
  CHECK(mode(CompareMode::label, DataType::FP32, {-1, 3}) == CompareMode::label);
  CHECK(mode(CompareMode::tolerance, DataType::FP32, {-1, 3}) == CompareMode::tolerance);
  CHECK(mode(CompareMode::tolerance, DataType::INT64, {-1}) == CompareMode::tolerance);
  CHECK(mode(CompareMode::argmax, DataType::INT8, {-1, 3}) == CompareMode::argmax);
  CHECK(mode(CompareMode::argmax, DataType::FP32, {-1}) == CompareMode::tolerance);
  CHECK(mode(CompareMode::argmax, DataType::INT64, {-1}) == CompareMode::label);
  CHECK(mode(CompareMode::tolerance, DataType::BYTES, {-1}) == CompareMode::label);
}

TEST_CASE("labels: the fraction of rows that disagree, and no distances") {
  const Tensor champion(DataType::INT64, {4}, std::vector<int64_t>{1, 2, 3, 4});
  const Tensor shadow(DataType::INT64, {4}, std::vector<int64_t>{1, 2, 9, 4});
  const OutputComparison found = compare(champion, shadow);
  CHECK(found.mismatch == Mismatch::none);
  CHECK(found.mode == CompareMode::label);
  CHECK(found.rows == 4);
  CHECK(found.rows_disagreed == 1);
  CHECK(found.disagreement() == 0.25);
  CHECK(found.row_differences.empty());
  CHECK(compare(champion, champion).rows_disagreed == 0);
}

TEST_CASE("a row of several values disagrees once, whichever of them differ") {
  const Tensor champion(DataType::UINT8, {2, 3}, std::vector<uint8_t>{1, 2, 3, 4, 5, 6});
  const Tensor shadow(DataType::UINT8, {2, 3}, std::vector<uint8_t>{9, 2, 9, 4, 5, 6});
  CHECK(compare(champion, shadow).rows_disagreed == 1);
}

TEST_CASE("labels that are strings, of any length and with NUL bytes") {
  const Tensor champion({3, 2}, {"a", "", Bytes("x\0y", 3), "b", "c", "d"});
  const Tensor shadow({3, 2}, {"a", "", Bytes("x\0z", 3), "bb", "c", "d"});
  const OutputComparison found = compare(champion, shadow);
  CHECK(found.mode == CompareMode::label);
  CHECK(found.rows == 3);
  CHECK(found.rows_disagreed == 1);
  CHECK(compare(champion, champion).rows_disagreed == 0);
}

TEST_CASE("labels that are floats, because it was declared") {
  const Tensor champion = floats({4}, {1, 2, kNan, 0.0f});
  const Tensor shadow = floats({4}, {1, 2.5f, kNan, -0.0f});
  const OutputComparison found = compare(champion, shadow, as(CompareMode::label));
  CHECK(found.rows_disagreed == 1);
  CHECK(found.row_differences.empty());
  CHECK(found.champion_non_finite == 1);
}

TEST_CASE("scores of classes: the place of the largest decides, the distance is measured") {
  const Tensor champion = floats({3, 3}, {0.1f, 0.7f, 0.2f, 1, 0, 0, 0.5f, 0.5f, 0});
  const Tensor shadow = floats({3, 3}, {0.2f, 0.6f, 0.2f, 0, 0, 1, 0.5f, 0.5f, 0});
  const OutputComparison found = compare(champion, shadow);
  CHECK(found.mode == CompareMode::argmax);
  CHECK(found.rows_disagreed == 1);
  REQUIRE(found.row_differences.size() == 3);
  CHECK(found.row_differences[0] == doctest::Approx(0.1));
  CHECK(found.row_differences[1] == 1);
  CHECK(found.row_differences[2] == 0);
}

TEST_CASE("a row of several decisions disagrees when one of them does") {
  const Tensor champion = floats({2, 2, 2}, {1, 0, 1, 0, 1, 0, 1, 0});
  const Tensor shadow = floats({2, 2, 2}, {1, 0, 0, 1, 1, 0, 1, 0});
  CHECK(compare(champion, shadow).rows_disagreed == 1);
}

TEST_CASE("a row with a NaN agrees with none that has numbers, nor is its distance counted") {
  const Tensor champion = floats({3, 2}, {1, 0, kNan, 0, kInfinity, 1});
  const Tensor shadow = floats({3, 2}, {kNan, 0, kNan, 0.5f, kInfinity, 0});
  const OutputComparison found = compare(champion, shadow);
  CHECK(found.rows_disagreed == 1);  // the first; the others are wrong in the same way
  CHECK(found.champion_non_finite == 2);
  CHECK(found.shadow_non_finite == 3);
  CHECK(found.row_differences == std::vector<double>{0, 0.5, 1});
  const Tensor none = floats({2, 2}, {kNan, kNan, kNan, kNan});
  const Tensor some = floats({2, 2}, {1, 0, 0, 1});
  CHECK(compare(some, none).rows_disagreed == 2);
  CHECK(compare(some, none).row_differences.empty());
  CHECK(compare(none, none).rows_disagreed == 0);
}

TEST_CASE("a tolerance: absolute and relative to the champion, edges within") {
  CompareRule rule;
  rule.atol = 1;
  rule.rtol = 0.5;
  const Tensor champion = floats({6, 1}, {2, 2, -2, kInfinity, kNan, kInfinity});
  const Tensor shadow = floats({6, 1}, {4, 4.125f, -4, kInfinity, kNan, -kInfinity});
  const OutputComparison found = compare(champion, shadow, rule);
  CHECK(found.mode == CompareMode::tolerance);
  CHECK(found.rows_disagreed == 2);
  CHECK(found.row_differences == std::vector<double>{2, 2.125, 2});
  CHECK(found.champion_non_finite == 3);
}

TEST_CASE("integers within a tolerance, because it was declared") {
  CompareRule rule = as(CompareMode::tolerance);
  rule.atol = 1;
  rule.rtol = 0;
  const Tensor champion(DataType::INT32, {3}, std::vector<int32_t>{-5, 0, 7});
  const Tensor shadow(DataType::INT32, {3}, std::vector<int32_t>{-6, 2, 7});
  const OutputComparison found = compare(champion, shadow, rule);
  CHECK(found.rows_disagreed == 1);
  CHECK(found.row_differences == std::vector<double>{1, 2, 0});
}

TEST_CASE("differences of what is farthest apart are infinite, not lost") {
  const double most = std::numeric_limits<double>::max();
  const Tensor champion(DataType::FP64, {1}, std::vector<double>{most});
  const Tensor shadow(DataType::FP64, {1}, std::vector<double>{-most});
  const OutputComparison found = compare(champion, shadow);
  CHECK(found.rows_disagreed == 1);
  REQUIRE(found.row_differences.size() == 1);
  CHECK(std::isinf(found.row_differences[0]));
  CHECK(found.champion_non_finite == 0);
}

TEST_CASE("what cannot be compared is said with the reason, and nothing else") {
  const Tensor champion = floats({2, 2}, {1, 2, kNan, 4});
  OutputComparison found;
  compare_output(champion.view, nullptr, {}, found);
  CHECK(found.mismatch == Mismatch::missing);
  found = compare(champion, Tensor(DataType::FP64, {2, 2}, std::vector<double>{1, 2, 3, 4}));
  CHECK(found.mismatch == Mismatch::dtype);
  found = compare(champion, floats({1, 4}, {1, 2, 3, 4}));
  CHECK(found.mismatch == Mismatch::shape);
  found = compare(champion, floats({2, 2}, {1, 2, 3}));  // fewer bytes than its shape says
  CHECK(found.mismatch == Mismatch::shape);
  found = compare(Tensor({2}, {"a", "b"}), Tensor({2}, {"a"}));
  CHECK(found.mismatch == Mismatch::shape);
  CHECK(found.rows == 0);
  CHECK(found.disagreement() == 0);
  CHECK(found.champion_non_finite == 0);
}

TEST_CASE("no rows, and rows without values, agree") {
  CHECK(compare(floats({0, 3}, {}), floats({0, 3}, {})).disagreement() == 0);
  const OutputComparison empty = compare(floats({5, 0}, {}), floats({5, 0}, {}));
  CHECK(empty.rows == 5);
  CHECK(empty.disagreement() == 0);
  const OutputComparison scalar = compare(floats({}, {1}), floats({}, {2}));
  CHECK(scalar.rows == 1);
  CHECK(scalar.rows_disagreed == 1);
}

TEST_CASE("every bit pattern of the short floats is read as what it is") {
  std::vector<uint16_t> bits(65'536);
  std::vector<float> brain, half;
  for (uint32_t i = 0; i < 65'536; ++i) {
    bits[i] = static_cast<uint16_t>(i);
    brain.push_back(std::bit_cast<float>(i << 16));
    half.push_back(static_cast<float>(std::bit_cast<_Float16>(bits[i])));
  }
  CompareRule exact = as(CompareMode::tolerance);
  exact.atol = exact.rtol = 0;
  // Against zeros the distances are the absolute values themselves.
  const Tensor zeros(DataType::BF16, {65'536}, std::vector<uint16_t>(65'536));
  for (const DataType type : {DataType::BF16, DataType::FP16}) {
    const std::vector<float>& expected = type == DataType::BF16 ? brain : half;
    const Tensor all(type, {65'536}, bits);
    TensorView zero = zeros.view;
    zero.type = type;
    OutputComparison found;
    compare_output(all.view, &zero, exact, found);
    uint64_t non_finite = 0;
    size_t at = 0;
    for (const float value : expected) {
      if (!std::isfinite(value)) {
        ++non_finite;
      } else {
        REQUIRE(found.row_differences.at(at++) == std::abs(static_cast<double>(value)));
      }
    }
    CHECK(found.row_differences.size() == at);
    CHECK(found.champion_non_finite == non_finite);
    CHECK(found.rows_disagreed == 65'536 - 2);  // but for the two zeros
  }
  const Tensor champion(DataType::FP16, {1, 2}, halves({0.25f, 0.75f}));
  CHECK(compare(champion, champion).mode == CompareMode::argmax);
}

TEST_CASE("disagreement is what a plain count over rows says") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const size_t rows = random() % 20, classes = 2 + random() % 5;
    std::vector<float> a(rows * classes), b(rows * classes);
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = static_cast<float>(random() % 4);
      b[i] = static_cast<float>(random() % 4);
    }
    int64_t expected = 0;
    std::vector<double> distances;
    for (size_t row = 0; row < rows; ++row) {
      const auto first_of = [&](const std::vector<float>& v) {
        return std::max_element(v.begin() + static_cast<long>(row * classes),
                                v.begin() + static_cast<long>((row + 1) * classes)) -
               v.begin();
      };
      expected += first_of(a) != first_of(b);
      double distance = 0;
      for (size_t i = row * classes; i < (row + 1) * classes; ++i) {
        distance = std::max(distance, std::abs(static_cast<double>(a[i]) - b[i]));
      }
      distances.push_back(distance);
    }
    const std::vector<int64_t> dims = {static_cast<int64_t>(rows), static_cast<int64_t>(classes)};
    const OutputComparison found = compare(floats(dims, a), floats(dims, b));
    CHECK(found.rows_disagreed == expected);
    CHECK(found.row_differences == distances);
  }
}
