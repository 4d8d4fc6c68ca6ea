#include "infer/wire_reader.h"

namespace tiltyard {
namespace {

constexpr int kShortVarintBytesMax = 5;  // of tags and lengths

}  // namespace

Status malformed_message(const protozero::exception& problem) {
  const char* what = problem.what();
  if (dynamic_cast<const protozero::end_of_buffer_exception*>(&problem) != nullptr) {
    what = "it ends inside a number";
  } else if (dynamic_cast<const protozero::varint_too_long_exception*>(&problem) != nullptr) {
    what = "a number has more than ten bytes";
  }
  return make_error(Error::malformed_message, {what});
}

void WireReader::throw_error(const char* sentence) {
  throw WireError(sentence);
}

uint32_t WireReader::several_byte_varint() {
  const char* begin = at_;
  const uint64_t value = varint();
  if (at_ - begin > kShortVarintBytesMax || value > UINT32_MAX) {
    throw WireError("a tag or a length has more than 32 bits");
  }
  return static_cast<uint32_t>(value);
}

void WireReader::skip() {
  skip_value(depth_);
}

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
