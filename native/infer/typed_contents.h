// InferTensorContents: the typed form of a tensor's values, one repeated field a datatype family.
//
// A contents message may come in several parts, which protobuf merges: their values follow one
// another. count_contents checks a part when it is decoded; all else reads checked parts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "infer/tensor.h"
#include "infer/wire_reader.h"

namespace tiltyard {

// The fields of InferTensorContents, by their numbers. `none` for datatypes that are raw only.
enum class ContentsField : uint8_t {
  none,
  bool_contents,
  int_contents,
  int64_contents,
  uint_contents,
  uint64_contents,
  fp32_contents,
  fp64_contents,
  bytes_contents,
};
using ContentsCounts = std::array<int64_t, 9>;  // elements, by field number; [0] is not used

std::string_view contents_field_name(ContentsField field);
// The field that carries values of `type`.
ContentsField contents_field_of(DataType type);

// Adds the elements of one part to `counts`. Throws a protozero::exception when it is malformed.
void count_contents(WireReader part, ContentsCounts& counts);

// The first value of an 8 or 16 bit integer type that does not fit it, as text; empty if all fit.
std::string first_value_out_of_range(const std::vector<BytesView>& parts, DataType type);

// Writes all elements of `type` (not BYTES, FP16, BF16), narrowed to it, to `out`.
void copy_contents(const std::vector<BytesView>& parts, DataType type, char* out);

// Appends a view for each of the bytes_contents.
void append_contents_views(const std::vector<BytesView>& parts, std::vector<BytesView>& out);

}  // namespace tiltyard
