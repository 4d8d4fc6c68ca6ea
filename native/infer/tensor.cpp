#include "infer/tensor.h"

#include <algorithm>

namespace tiltyard {
namespace {

struct TypeRow {
  std::string_view name;
  size_t bytes;
};

// In the order of DataType.
constexpr std::array<TypeRow, 14> kTypes = {{
    {"BOOL", 1},
    {"UINT8", 1},
    {"UINT16", 2},
    {"UINT32", 4},
    {"UINT64", 8},
    {"INT8", 1},
    {"INT16", 2},
    {"INT32", 4},
    {"INT64", 8},
    {"FP16", 2},
    {"BF16", 2},
    {"FP32", 4},
    {"FP64", 8},
    {"BYTES", 0},
}};
static_assert(kTypes.size() == static_cast<size_t>(DataType::BYTES) + 1);

}  // namespace

size_t element_bytes(DataType type) {
  return kTypes[static_cast<size_t>(type)].bytes;
}

std::string_view data_type_name(DataType type) {
  return kTypes[static_cast<size_t>(type)].name;
}

std::optional<DataType> parse_data_type(std::string_view name) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) return static_cast<DataType>(i);
  }
  return {};
}

bool operator==(const Shape& a, const Shape& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::optional<int64_t> element_count(const Shape& shape) {
  // A zero is left out of the product that must fit, so that the order of dimensions is the same to
  // us and no stride of the tensor can overflow either.
  int64_t product = 1;
  bool is_empty = false;
  for (const int64_t dim : shape) {
    if (dim < 0) return {};
    if (dim == 0) {
      is_empty = true;
    } else if (__builtin_mul_overflow(product, dim, &product)) {
      return {};
    }
  }
  return is_empty ? 0 : product;
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (const int64_t dim : shape) {
    if (text.size() > 1) text.push_back(',');
    text.append(std::to_string(dim));
  }
  text.push_back(']');
  return text;
}

}  // namespace tiltyard
