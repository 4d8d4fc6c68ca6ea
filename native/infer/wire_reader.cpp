#include "infer/wire_reader.h"

#include "infer/utf8.h"

namespace tiltyard {
namespace {

constexpr int kShortVarintBytesMax = 5;  // of tags and lengths

}  // namespace

// Tags and lengths: 32 bits in at most five bytes.
uint32_t WireReader::short_varint() {
  if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
    return static_cast<unsigned char>(*at_++);
  }
  const char* begin = at_;
  const uint64_t value = varint();
  if (at_ - begin > kShortVarintBytesMax || value > UINT32_MAX) {
    throw WireError("a tag or a length has more than 32 bits");
  }
  return static_cast<uint32_t>(value);
}

void WireReader::read_tag() {
  const uint32_t tag = short_varint();
  if ((tag & 7) > static_cast<uint32_t>(WireType::fixed32)) {
    throw WireError("a field has an unknown wire type");
  }
  field_ = tag >> 3;
  type_ = static_cast<WireType>(tag & 7);
}

const char* WireReader::fixed(int64_t bytes) {
  if (end_ - at_ < bytes) throw WireError("a field is longer than its message");
  const char* begin = at_;
  at_ += bytes;
  return begin;
}

BytesView WireReader::bytes() {
  const uint32_t length = short_varint();
  return {fixed(length), length};
}

BytesView WireReader::text() {
  const BytesView view = bytes();
  if (!is_utf8(view)) throw WireError("a string field is not UTF-8");
  return view;
}

void WireReader::skip() { skip_value(depth_); }

void WireReader::skip_value(int depth) {
  switch (type_) {
    case WireType::varint:
      varint();
      return;
    case WireType::fixed64:
      fixed(8);
      return;
    case WireType::bytes:
      bytes();
      return;
    case WireType::group_begin:
      return skip_group(field_, depth + 1);
    case WireType::group_end:
      throw WireError("a group ends that did not begin");
    case WireType::fixed32:
      fixed(4);
      return;
  }
}

// Inside of a group google.protobuf lets even field number 0 pass; only the ends must match.
void WireReader::skip_group(uint32_t field, int depth) {
  if (depth > kWireDepthMax) throw WireError("groups are nested too deep");
  while (at_ != end_) {
    read_tag();
    if (type_ == WireType::group_end) {
      if (field_ != field) throw WireError("a group ends that did not begin");
      return;
    }
    skip_value(depth);
  }
  throw WireError("a group does not end");
}

}  // namespace tiltyard
