// What a tensor is on the wire and in a model: datatype, shape, and a version's signature.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace tiltyard {

// The v2 datatypes. BYTES is ONNX's string.
enum class DataType : uint8_t {
  BOOL,
  UINT8,
  UINT16,
  UINT32,
  UINT64,
  INT8,
  INT16,
  INT32,
  INT64,
  FP16,
  BF16,
  FP32,
  FP64,
  BYTES,
};

// Bytes of one element; 0 for BYTES.
size_t element_bytes(DataType type);
std::string_view data_type_name(DataType type);
std::optional<DataType> parse_data_type(std::string_view name);

// Up to kTensorRankMax dimensions, in place. A dimension of -1 in a signature is free.
struct Shape {
  std::array<int64_t, kTensorRankMax> dims;
  uint8_t rank = 0;

  int64_t operator[](size_t i) const { return dims[i]; }
  const int64_t* begin() const { return dims.data(); }
  const int64_t* end() const { return dims.data() + rank; }
  [[nodiscard]] bool try_push(int64_t dim) {
    if (rank == kTensorRankMax) return false;
    dims[rank++] = dim;
    return true;
  }
};
bool operator==(const Shape& a, const Shape& b);

// The number of elements; empty when a dimension is negative or the product of those that are not
// zero leaves int64.
std::optional<int64_t> element_count(const Shape& shape);
// "[2,30]"; a free dimension shows as -1.
std::string shape_text(const Shape& shape);

struct TensorSpec {
  std::string name;
  DataType type;
  Shape shape;                       // -1: free
  std::vector<std::string> symbols;  // one a dimension; empty where it is fixed or unnamed
};

struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

}  // namespace tiltyard
