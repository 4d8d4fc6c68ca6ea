// A decoded request written as protobuf again, in one canonical way: equal requests, equal bytes.
#pragma once

#include <cstring>

#include "infer/request_decode.h"

namespace tiltyard {

class RequestWriter {
 public:
  // Dimensions beyond the limit, which the view only counts, are written as 0.
  static Bytes write(const InferRequestView& request) {
    RequestWriter writer;
    writer.field(1, request.model_name);
    writer.field(2, request.model_version);
    writer.field(3, request.id);
    writer.parameters(4, request.parameters);
    for (const InputView& input : request.inputs) writer.field(5, input_bytes(input));
    for (const RequestedOutputView& output : request.outputs) {
      RequestWriter inner;
      inner.field(1, output.name);
      inner.parameters(2, output.parameters);
      writer.field(6, inner.out_);
    }
    for (const BytesView raw : request.raw_inputs) writer.field(7, raw);
    return writer.out_;
  }

 private:
  using Kind = ParameterView::Kind;

  static Bytes input_bytes(const InputView& input) {
    RequestWriter writer;
    writer.field(1, input.name);
    writer.field(2, input.datatype);
    for (int64_t i = 0; i < input.rank; ++i) {
      const auto at = static_cast<size_t>(i);
      writer.number(3, at < input.shape.rank ? static_cast<uint64_t>(input.shape[at]) : 0);
    }
    writer.parameters(4, input.parameters);
    for (const BytesView part : input.contents) writer.field(5, part);
    return writer.out_;
  }

  void parameters(uint32_t number, const std::vector<ParameterView>& parameters) {
    for (const ParameterView& parameter : parameters) {
      RequestWriter entry;
      entry.field(1, parameter.key);
      entry.field(2, value_bytes(parameter));
      field(number, entry.out_);
    }
  }

  static Bytes value_bytes(const ParameterView& parameter) {
    RequestWriter writer;
    switch (parameter.kind) {
      case Kind::none:
        break;
      case Kind::boolean:
        writer.number(1, parameter.boolean ? 1 : 0);
        break;
      case Kind::int64:
        writer.number(2, static_cast<uint64_t>(parameter.int64));
        break;
      case Kind::string:
        writer.field(3, parameter.string);
        break;
      case Kind::float64:
        writer.double_field(4, parameter.float64);
        break;
      case Kind::uint64:
        writer.number(5, parameter.uint64);
        break;
    }
    return writer.out_;
  }

  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void number(uint32_t field, uint64_t value) {
    varint(field << 3 | 0);
    varint(value);
  }
  void double_field(uint32_t field, double value) {
    varint(field << 3 | 1);
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof raw);
    out_.append(raw, sizeof raw);
  }
  void field(uint32_t field, BytesView content) {
    varint(field << 3 | 2);
    varint(content.size());
    out_.append(content);
  }

  Bytes out_;
};

}  // namespace tiltyard
