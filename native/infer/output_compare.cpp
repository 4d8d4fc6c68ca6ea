#include "infer/output_compare.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/bytes.h"
#include "infer/bytes_codec.h"
#include "infer/element_kind.h"

namespace tiltyard {
namespace {

bool is_float(DataType type) {
  return type >= DataType::FP16 && type <= DataType::FP64;
}

// ---- rows

struct Layout {
  size_t rows = 1;
  size_t row_elements = 1;
  size_t classes = 1;  // the last dimension, if it is not the rows
};

Layout layout_of(const Shape& shape) {
  Layout layout;
  if (shape.rank > 0) layout.rows = static_cast<size_t>(shape[0]);
  for (size_t i = 1; i < shape.rank; ++i) layout.row_elements *= static_cast<size_t>(shape[i]);
  if (shape.rank > 1) layout.classes = static_cast<size_t>(shape[shape.rank - 1]);
  return layout;
}

// What one pass over a row's values finds.
struct RowScan {
  bool is_equal = true;
  bool is_within = true;  // the rule's tolerance
  bool has_pair = false;  // of values that are finite on both sides
  double difference = 0;
};

template <typename Kind>
RowScan scan_row(const char* champion, const char* shadow, size_t elements, const CompareRule& rule,
                 OutputComparison& out) {
  RowScan scan;
  for (size_t i = 0; i < elements; ++i) {
    const auto a = Kind::load(champion + i * Kind::kBytes);
    const auto b = Kind::load(shadow + i * Kind::kBytes);
    if constexpr (std::is_floating_point_v<typename Kind::Value>) {
      const bool a_finite = std::isfinite(a), b_finite = std::isfinite(b);
      out.champion_non_finite += !a_finite;
      out.shadow_non_finite += !b_finite;
      if (!a_finite || !b_finite) {
        const bool same = a == b || (is_nan(a) && is_nan(b));
        scan.is_equal = scan.is_equal && same;
        scan.is_within = scan.is_within && same;
        continue;
      }
    }
    const double champion_value = static_cast<double>(a);
    const double difference = std::abs(champion_value - static_cast<double>(b));
    scan.has_pair = true;
    scan.difference = std::max(scan.difference, difference);
    scan.is_equal = scan.is_equal && a == b;
    scan.is_within =
        scan.is_within && difference <= rule.atol + rule.rtol * std::abs(champion_value);
  }
  return scan;
}

// Where the largest of `classes` values stands, the first of equals. A NaN is no answer at all and
// never agrees with one: it is reported as a place of its own.
template <typename Kind>
size_t place_of_largest(const char* at, size_t classes) {
  size_t place = 0;
  auto largest = Kind::load(at);
  for (size_t i = 0; i < classes; ++i) {
    const auto value = Kind::load(at + i * Kind::kBytes);
    if (is_nan(value)) return classes + i;
    if (value > largest) {
      largest = value;
      place = i;
    }
  }
  return place;
}

template <typename Kind>
bool same_argmax(const char* champion, const char* shadow, const Layout& layout) {
  const size_t step = layout.classes * Kind::kBytes;
  for (size_t first = 0; first < layout.row_elements; first += layout.classes) {
    if (place_of_largest<Kind>(champion, layout.classes) !=
        place_of_largest<Kind>(shadow, layout.classes)) {
      return false;
    }
    champion += step;
    shadow += step;
  }
  return true;
}

template <typename Kind>
void compare_rows(BytesView champion, BytesView shadow, const Layout& layout,
                  const CompareRule& rule, OutputComparison& out) {
  const size_t row_bytes = layout.row_elements * Kind::kBytes;
  for (size_t row = 0; row < layout.rows; ++row) {
    const char* const a = champion.data() + row * row_bytes;
    const char* const b = shadow.data() + row * row_bytes;
    const RowScan scan = scan_row<Kind>(a, b, layout.row_elements, rule, out);
    bool agrees = scan.is_equal;
    if (out.mode == CompareMode::tolerance) agrees = scan.is_within;
    if (out.mode == CompareMode::argmax) agrees = same_argmax<Kind>(a, b, layout);
    out.rows_disagreed += !agrees;
    if (out.mode != CompareMode::label && scan.has_pair) {
      out.row_differences.push_back(scan.difference);
    }
  }
}

// The next element of checked `raw`, with its length before it.
BytesView take_framed(BytesView& raw) {
  const BytesView element = raw.substr(0, 4 + size_t{load_u32_le(raw.data())});
  raw.remove_prefix(element.size());
  return element;
}

void compare_strings(BytesView champion, BytesView shadow, const Layout& layout,
                     OutputComparison& out) {
  for (size_t row = 0; row < layout.rows; ++row) {
    bool agrees = true;
    for (size_t i = 0; i < layout.row_elements; ++i) {
      agrees = (take_framed(champion) == take_framed(shadow)) && agrees;
    }
    out.rows_disagreed += !agrees;
  }
}

// Whether the tensor's bytes are those its shape says.
bool is_whole(const TensorView& tensor) {
  const std::optional<int64_t> elements = element_count(tensor.shape);
  if (!elements) return false;
  if (tensor.type == DataType::BYTES) {
    return check_framed_bytes(tensor.data, *elements) == BytesFraming::ok;
  }
  return tensor.data.size() == static_cast<size_t>(*elements) * element_bytes(tensor.type);
}

Mismatch mismatch_of(const TensorView& champion, const TensorView* shadow) {
  if (shadow == nullptr) return Mismatch::missing;
  if (champion.type != shadow->type) return Mismatch::dtype;
  if (!(champion.shape == shadow->shape)) return Mismatch::shape;
  return is_whole(champion) && is_whole(*shadow) ? Mismatch::none : Mismatch::shape;
}

}  // namespace

const char* compare_mode_name(CompareMode mode) {
  switch (mode) {
    case CompareMode::automatic:
      return "automatic";
    case CompareMode::label:
      return "label";
    case CompareMode::argmax:
      return "argmax";
    case CompareMode::tolerance:
      return "tolerance";
  }
  return "automatic";
}

std::optional<CompareMode> compare_mode_of(std::string_view name) {
  for (const CompareMode mode : {CompareMode::label, CompareMode::argmax, CompareMode::tolerance}) {
    if (name == compare_mode_name(mode)) return mode;
  }
  return {};
}

CompareMode mode_of(const CompareRule& rule, DataType type, const Shape& shape) {
  if (type == DataType::BYTES) return CompareMode::label;
  const bool has_classes = shape.rank > 1 && shape[shape.rank - 1] != 1;
  const bool is_meant = rule.mode != CompareMode::argmax || has_classes;
  if (rule.mode != CompareMode::automatic && is_meant) return rule.mode;
  if (!is_float(type)) return CompareMode::label;
  return has_classes ? CompareMode::argmax : CompareMode::tolerance;
}

void compare_output(const TensorView& champion, const TensorView* shadow, const CompareRule& rule,
                    OutputComparison& out) {
  out.mismatch = mismatch_of(champion, shadow);
  out.mode = mode_of(rule, champion.type, champion.shape);
  out.rows = out.rows_disagreed = 0;
  out.champion_non_finite = out.shadow_non_finite = 0;
  out.row_differences.clear();
  if (out.mismatch != Mismatch::none) return;
  const Layout layout = layout_of(champion.shape);
  out.rows = static_cast<int64_t>(layout.rows);
  if (layout.row_elements == 0) return;
  if (champion.type == DataType::BYTES) {
    return compare_strings(champion.data, shadow->data, layout, out);
  }
  with_kind(champion.type, [&](auto kind) {
    compare_rows<decltype(kind)>(champion.data, shadow->data, layout, rule, out);
  });
}

}  // namespace tiltyard
