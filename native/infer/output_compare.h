// How far two versions' values for the same output of the same request are apart.
//
// Rows are entries along the first dimension, and the disagreement is the fraction of rows: counted
// row by row, requests of many rows would raise false alarms (lifecycle.md, 3(d), corrections).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "infer/response_decode.h"
#include "infer/tensor.h"

namespace tiltyard {

// When a row of the one and a row of the other agree.
enum class CompareMode : uint8_t {
  automatic,  // as the tensor is: see mode_of
  label,      // all values are equal; two NaN are
  argmax,     // the largest along the last dimension stands at the same place, everywhere
  tolerance,  // |champion - shadow| <= atol + rtol * |champion|, everywhere
};

const char* compare_mode_name(CompareMode mode);
// Of a mode that can be asked for: label, argmax or tolerance.
std::optional<CompareMode> compare_mode_of(std::string_view name);

struct CompareRule {
  CompareMode mode = CompareMode::automatic;
  double atol = 1e-6;
  double rtol = 1e-2;
};

// Integers, bools and strings are labels; floats with two dimensions or more, the last of them not
// 1, are scores of classes (a free one counts as such), and other floats are held to a tolerance.
// Strings are labels whatever the rule asks for, and one value alone has no argmax.
CompareMode mode_of(const CompareRule& rule, DataType type, const Shape& shape);

// Why two tensors cannot be compared at all.
enum class Mismatch : uint8_t { none, missing, dtype, shape };

struct OutputComparison {
  Mismatch mismatch = Mismatch::none;  // if any, all else is empty
  CompareMode mode = CompareMode::automatic;
  int64_t rows = 0;
  int64_t rows_disagreed = 0;
  uint64_t champion_non_finite = 0;  // values that are NaN or infinite; of float types
  uint64_t shadow_non_finite = 0;
  // The largest |champion - shadow| of each row among values that are finite on both sides. Rows
  // without any are left out; labels have no distance.
  std::vector<double> row_differences;

  // 0 to 1; no rows agree.
  double disagreement() const {
    return rows == 0 ? 0 : static_cast<double>(rows_disagreed) / static_cast<double>(rows);
  }
};

// `shadow` is null when it has no such output. `out` is reused.
void compare_output(const TensorView& champion, const TensorView* shadow, const CompareRule& rule,
                    OutputComparison& out);

}  // namespace tiltyard
