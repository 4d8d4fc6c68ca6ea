#include "infer/typed_contents.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/assert.h"

namespace tiltyard {
namespace {

constexpr size_t kLastField = static_cast<size_t>(ContentsField::bytes_contents);

// How the elements of each field are written: the wire type of a single one.
WireType wire_type_of(ContentsField field) {
  switch (field) {
    case ContentsField::fp32_contents:
      return WireType::fixed32;
    case ContentsField::fp64_contents:
      return WireType::fixed64;
    case ContentsField::bytes_contents:
      return WireType::bytes;
    default:
      return WireType::varint;
  }
}

int64_t count_varints(BytesView packed) {
  const char* at = packed.data();
  const char* const end = at + packed.size();
  int64_t count = 0;
  for (; at != end; ++count) protozero::decode_varint(&at, end);
  return count;
}

int64_t count_packed(BytesView packed, WireType type) {
  if (type == WireType::varint) return count_varints(packed);
  const size_t bytes = type == WireType::fixed32 ? 4 : 8;
  if (packed.size() % bytes != 0) throw WireError("a packed field ends inside of an element");
  return static_cast<int64_t>(packed.size() / bytes);
}

// Calls `take(value)` for each element of a varint field, packed or not.
template <typename Take>
void for_each_varint(const std::vector<BytesView>& parts, ContentsField field, Take take) {
  for (const BytesView part : parts) {
    WireReader reader(part);
    while (reader.next()) {
      if (reader.field() != static_cast<uint32_t>(field)) {
        reader.skip();
      } else if (reader.type() == WireType::varint) {
        take(reader.varint());
      } else if (reader.type() == WireType::bytes) {
        const BytesView packed = reader.bytes();
        const char* at = packed.data();
        const char* const end = at + packed.size();
        while (at != end) take(protozero::decode_varint(&at, end));
      } else {
        reader.skip();
      }
    }
  }
}

// Copies the elements of a fixed32 or fixed64 field, packed or not.
void copy_fixed(const std::vector<BytesView>& parts, ContentsField field, char* out) {
  const WireType single = wire_type_of(field);
  for (const BytesView part : parts) {
    WireReader reader(part);
    while (reader.next()) {
      if (reader.field() != static_cast<uint32_t>(field)) {
        reader.skip();
      } else if (reader.type() == WireType::bytes) {
        const BytesView packed = reader.bytes();
        out = std::copy(packed.begin(), packed.end(), out);
      } else if (reader.type() == single && single == WireType::fixed32) {
        const uint32_t value = reader.fixed32();
        std::memcpy(out, &value, sizeof value);
        out += sizeof value;
      } else if (reader.type() == single) {
        const uint64_t value = reader.fixed64();
        std::memcpy(out, &value, sizeof value);
        out += sizeof value;
      } else {
        reader.skip();
      }
    }
  }
}

template <typename T>
void copy_varints(const std::vector<BytesView>& parts, ContentsField field, char* out) {
  for_each_varint(parts, field, [&out](uint64_t wire) {
    const T value = static_cast<T>(wire);
    std::memcpy(out, &value, sizeof value);
    out += sizeof value;
  });
}

// `Wire` is the field's type, int32 or uint32: protobuf cuts a longer varint to it.
template <typename T, typename Wire>
std::string first_out_of_range(const std::vector<BytesView>& parts, ContentsField field) {
  std::string found;
  for_each_varint(parts, field, [&found](uint64_t wire) {
    const auto value = static_cast<Wire>(wire);
    const bool fits = value >= static_cast<Wire>(std::numeric_limits<T>::min()) &&
                      value <= static_cast<Wire>(std::numeric_limits<T>::max());
    if (!fits && found.empty()) found = std::to_string(value);
  });
  return found;
}

}  // namespace

std::string_view contents_field_name(ContentsField field) {
  constexpr std::string_view kNames[] = {"none",           "bool_contents", "int_contents",
                                         "int64_contents", "uint_contents", "uint64_contents",
                                         "fp32_contents",  "fp64_contents", "bytes_contents"};
  return kNames[static_cast<size_t>(field)];
}

ContentsField contents_field_of(DataType type) {
  switch (type) {
    case DataType::BOOL:
      return ContentsField::bool_contents;
    case DataType::INT8:
    case DataType::INT16:
    case DataType::INT32:
      return ContentsField::int_contents;
    case DataType::INT64:
      return ContentsField::int64_contents;
    case DataType::UINT8:
    case DataType::UINT16:
    case DataType::UINT32:
      return ContentsField::uint_contents;
    case DataType::UINT64:
      return ContentsField::uint64_contents;
    case DataType::FP32:
      return ContentsField::fp32_contents;
    case DataType::FP64:
      return ContentsField::fp64_contents;
    case DataType::BYTES:
      return ContentsField::bytes_contents;
    case DataType::FP16:
    case DataType::BF16:
      return ContentsField::none;
  }
  return ContentsField::none;
}

void count_contents(WireReader part, ContentsCounts& counts) {
  while (part.next()) {
    const uint32_t field = part.field();
    if (field > kLastField) {
      part.skip();
      continue;
    }
    const WireType single = wire_type_of(static_cast<ContentsField>(field));
    if (part.type() == single) {
      ++counts[field];
      part.skip();
    } else if (part.type() == WireType::bytes) {
      counts[field] += count_packed(part.bytes(), single);
    } else {
      part.skip();
    }
  }
}

std::string first_value_out_of_range(const std::vector<BytesView>& parts, DataType type) {
  switch (type) {
    case DataType::INT8:
      return first_out_of_range<int8_t, int32_t>(parts, ContentsField::int_contents);
    case DataType::INT16:
      return first_out_of_range<int16_t, int32_t>(parts, ContentsField::int_contents);
    case DataType::UINT8:
      return first_out_of_range<uint8_t, uint32_t>(parts, ContentsField::uint_contents);
    case DataType::UINT16:
      return first_out_of_range<uint16_t, uint32_t>(parts, ContentsField::uint_contents);
    default:
      return {};
  }
}

void copy_contents(const std::vector<BytesView>& parts, DataType type, char* out) {
  const ContentsField field = contents_field_of(type);
  switch (type) {
    case DataType::BOOL:
      return for_each_varint(parts, field, [&out](uint64_t wire) { *out++ = wire != 0 ? 1 : 0; });
    case DataType::INT8:
    case DataType::UINT8:
      return copy_varints<uint8_t>(parts, field, out);
    case DataType::INT16:
    case DataType::UINT16:
      return copy_varints<uint16_t>(parts, field, out);
    case DataType::INT32:
    case DataType::UINT32:
      return copy_varints<uint32_t>(parts, field, out);
    case DataType::INT64:
    case DataType::UINT64:
      return copy_varints<uint64_t>(parts, field, out);
    case DataType::FP32:
    case DataType::FP64:
      return copy_fixed(parts, field, out);
    case DataType::FP16:
    case DataType::BF16:
    case DataType::BYTES:
      break;
  }
  TILTYARD_ASSERT(false, "contents are copied only for fixed-size types that have a field");
}

void append_contents_views(const std::vector<BytesView>& parts, std::vector<BytesView>& out) {
  for (const BytesView part : parts) {
    WireReader reader(part);
    while (reader.next()) {
      const bool is_ours = reader.field() == static_cast<uint32_t>(ContentsField::bytes_contents) &&
                           reader.type() == WireType::bytes;
      if (is_ours) {
        out.push_back(reader.bytes());
      } else {
        reader.skip();
      }
    }
  }
}

}  // namespace tiltyard
