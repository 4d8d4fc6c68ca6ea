#include "infer/response_encode.h"

#include <protozero/varint.hpp>

#include "infer/wire_reader.h"

namespace tiltyard {
namespace {

// Field numbers of the messages, Triton's.
enum ResponseField : uint32_t {
  kModelName = 1,
  kModelVersion = 2,
  kId = 3,
  kParameters = 4,
  kOutputs = 5,
  kRawOutputContents = 6,
};
enum OutputField : uint32_t { kOutputName = 1, kOutputDatatype = 2, kOutputShape = 3 };
enum EntryField : uint32_t { kKey = 1, kValue = 2 };
enum ParameterField : uint32_t { kInt64Param = 2, kStringParam = 3 };
enum StreamField : uint32_t { kErrorMessage = 1, kInferResponse = 2 };

size_t varint_bytes(uint64_t value) {
  return static_cast<size_t>(protozero::length_of_varint(value));
}

// Every field number here is below 16, so a tag takes one byte.
size_t field_bytes(size_t content_bytes) {
  return 1 + varint_bytes(content_bytes) + content_bytes;
}

// Like proto3, a field that is empty is left out.
size_t text_bytes(BytesView text) {
  return text.empty() ? 0 : field_bytes(text.size());
}

size_t packed_shape_bytes(const Shape& shape) {
  size_t bytes = 0;
  for (const int64_t dim : shape) bytes += varint_bytes(static_cast<uint64_t>(dim));
  return bytes;
}

size_t output_bytes(const OutputView& output) {
  const size_t shape = output.shape.rank == 0 ? 0 : field_bytes(packed_shape_bytes(output.shape));
  return text_bytes(output.spec->name) + text_bytes(data_type_name(output.spec->type)) + shape;
}

size_t response_bytes(const ReplyHead& head, BytesView parameters,
                      std::span<const OutputView> outputs) {
  size_t bytes = text_bytes(head.model_name) + text_bytes(head.model_version) +
                 text_bytes(head.id) + parameters.size();
  for (const OutputView& output : outputs) {
    bytes += field_bytes(output_bytes(output)) + field_bytes(output.data.size());
  }
  return bytes;
}

void append_varint(uint64_t value, Bytes& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void append_tag(uint32_t field, size_t content_bytes, Bytes& out) {
  out.push_back(static_cast<char>(field << 3 | static_cast<uint32_t>(WireType::bytes)));
  append_varint(content_bytes, out);
}

void append_bytes(uint32_t field, BytesView content, Bytes& out) {
  append_tag(field, content.size(), out);
  out.append(content);
}

void append_text(uint32_t field, BytesView text, Bytes& out) {
  if (!text.empty()) append_bytes(field, text, out);
}

void append_output(const OutputView& output, Bytes& out) {
  append_tag(kOutputs, output_bytes(output), out);
  append_text(kOutputName, output.spec->name, out);
  append_text(kOutputDatatype, data_type_name(output.spec->type), out);
  if (output.shape.rank == 0) return;
  append_tag(kOutputShape, packed_shape_bytes(output.shape), out);
  for (const int64_t dim : output.shape) append_varint(static_cast<uint64_t>(dim), out);
}

void append_parameter(BytesView key, BytesView value, Bytes& out) {
  append_tag(kParameters, field_bytes(key.size()) + field_bytes(value.size()), out);
  append_bytes(kKey, key, out);
  append_bytes(kValue, value, out);
}

Bytes int64_parameter(uint64_t value) {
  Bytes encoded;
  encoded.push_back(static_cast<char>(kInt64Param << 3));
  append_varint(value, encoded);
  return encoded;
}

// The encoded `parameters`; empty when nothing is to be explained. Few requests ask.
Bytes parameters_of(const ReplyHead& head) {
  Bytes encoded;
  if (head.explanation == nullptr) return encoded;
  Bytes role;
  append_bytes(kStringParam, head.explanation->role, role);
  append_parameter("tiltyard_role", role, encoded);
  append_parameter("tiltyard_epoch", int64_parameter(head.explanation->epoch), encoded);
  if (head.explanation->bucket >= 0) {
    const auto bucket = static_cast<uint64_t>(head.explanation->bucket);
    append_parameter("tiltyard_bucket", int64_parameter(bucket), encoded);
  }
  return encoded;
}

void append_response_fields(const ReplyHead& head, BytesView parameters,
                            std::span<const OutputView> outputs, Bytes& out) {
  append_text(kModelName, head.model_name, out);
  append_text(kModelVersion, head.model_version, out);
  append_text(kId, head.id, out);
  out.append(parameters);
  for (const OutputView& output : outputs) append_output(output, out);
  // One entry an output, also when it is empty: clients find an output's data by its position.
  for (const OutputView& output : outputs) append_bytes(kRawOutputContents, output.data, out);
}

}  // namespace

void append_infer_response(const ReplyHead& head, std::span<const OutputView> outputs, Bytes& out) {
  const Bytes parameters = parameters_of(head);
  out.reserve(out.size() + response_bytes(head, parameters, outputs));
  append_response_fields(head, parameters, outputs, out);
}

void append_stream_response(const ReplyHead& head, std::span<const OutputView> outputs,
                            Bytes& out) {
  const Bytes parameters = parameters_of(head);
  const size_t bytes = response_bytes(head, parameters, outputs);
  out.reserve(out.size() + field_bytes(bytes));
  append_tag(kInferResponse, bytes, out);
  append_response_fields(head, parameters, outputs, out);
}

void append_stream_error(BytesView error_message, BytesView id, Bytes& out) {
  append_text(kErrorMessage, error_message, out);
  append_tag(kInferResponse, text_bytes(id), out);
  append_text(kId, id, out);
}

}  // namespace tiltyard
