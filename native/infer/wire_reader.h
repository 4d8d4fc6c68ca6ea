// The fields of one protobuf message, one after the other, read as google.protobuf reads them.
//
// It stands on protozero's varints and exceptions, not on its pbf_reader: that one refuses groups
// and field numbers that google.protobuf skips, and cuts tags and lengths to 32 bits that
// google.protobuf refuses. Anything malformed throws a protozero::exception.
#pragma once

#include <cstdint>
#include <protozero/exception.hpp>
#include <protozero/varint.hpp>

#include "base/bytes.h"
#include "base/status.h"
#include "infer/utf8.h"

namespace tiltyard {

enum class WireType : uint8_t { varint, fixed64, bytes, group_begin, group_end, fixed32 };

// Messages and groups may be nested this deep, the outermost message not counted.
inline constexpr int kWireDepthMax = 100;

struct WireError : protozero::exception {
  explicit WireError(const char* sentence) : sentence_(sentence) {}
  const char* what() const noexcept override { return sentence_; }

 private:
  const char* sentence_;
};

// The Status of what was thrown: Error::malformed_message, in our words also for protozero's own.
Status malformed_message(const protozero::exception& problem);

class WireReader {
 public:
  // `depth` is how many messages are around this one.
  explicit WireReader(BytesView message, int depth = 0)
      : at_(message.data()), end_(at_ + message.size()), depth_(depth) {}

  // Steps to the next field; its value must then be taken by one of the functions below.
  bool next() {
    if (at_ == end_) return false;
    read_tag();
    if (field_ == 0) throw_error("a field has the number 0");
    return true;
  }
  uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  int depth() const { return depth_; }

  uint64_t varint() { return protozero::decode_varint(&at_, end_); }
  uint32_t fixed32() { return load_u32_le(fixed(4)); }
  uint64_t fixed64() {
    uint64_t value;
    std::memcpy(&value, fixed(8), sizeof value);
    return value;
  }
  BytesView bytes() {
    const uint32_t length = short_varint();
    return {fixed(length), length};
  }
  // Bytes that must be UTF-8.
  BytesView text() {
    const BytesView view = bytes();
    if (!is_utf8(view)) throw_error("a string field is not UTF-8");
    return view;
  }
  // A message inside this one.
  WireReader message() { return WireReader(bytes(), depth_ + 1); }
  // The field is not one of ours.
  void skip();

 private:
  // Tags and lengths: 32 bits in at most five bytes.
  uint32_t short_varint() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      return static_cast<unsigned char>(*at_++);
    }
    return several_byte_varint();
  }
  void read_tag() {
    const uint32_t tag = short_varint();
    field_ = tag >> 3;
    type_ = static_cast<WireType>(tag & 7);
    if (type_ > WireType::fixed32) throw_error("a field has an unknown wire type");
  }
  const char* fixed(int64_t bytes) {
    if (end_ - at_ < bytes) throw_error("a field is longer than its message");
    const char* begin = at_;
    at_ += bytes;
    return begin;
  }
  // Out of line, so that the functions above stay small enough to be inlined.
  [[noreturn]] static void throw_error(const char* sentence);
  uint32_t several_byte_varint();
  void skip_group(uint32_t field, int depth);
  void skip_value(int depth);

  const char* at_;
  const char* end_;
  int depth_;
  uint32_t field_ = 0;
  WireType type_ = WireType::varint;
};

}  // namespace tiltyard
