#include "infer/request_decode.h"

#include <algorithm>
#include <bit>

#include "infer/wire_reader.h"

namespace tiltyard {
namespace {

// Field numbers of the messages, Triton's.
enum RequestField : uint32_t {
  kModelName = 1,
  kModelVersion = 2,
  kId = 3,
  kParameters = 4,
  kInputs = 5,
  kOutputs = 6,
  kRawInputContents = 7,
};
enum InputField : uint32_t {
  kInputName = 1,
  kInputDatatype = 2,
  kInputShape = 3,
  kInputParameters = 4,
  kInputContents = 5,
};
enum OutputField : uint32_t { kOutputName = 1, kOutputParameters = 2 };
enum EntryField : uint32_t { kEntryKey = 1, kEntryValue = 2 };
enum ParameterField : uint32_t {
  kBoolParam = 1,
  kInt64Param = 2,
  kStringParam = 3,
  kDoubleParam = 4,
  kUint64Param = 5,
};

// A field whose wire type is not the one declared is an unknown field to protobuf.
bool is_bytes(const WireReader& reader, uint32_t field) {
  return reader.field() == field && reader.type() == WireType::bytes;
}

// InferParameter: a oneof, so the last member on the wire is the one that is set.
void read_parameter_value(WireReader reader, ParameterView& parameter) {
  using Kind = ParameterView::Kind;
  while (reader.next()) {
    const uint32_t field = reader.field();
    const WireType type = reader.type();
    if (field == kBoolParam && type == WireType::varint) {
      parameter.kind = Kind::boolean;
      parameter.boolean = reader.varint() != 0;
    } else if (field == kInt64Param && type == WireType::varint) {
      parameter.kind = Kind::int64;
      parameter.int64 = static_cast<int64_t>(reader.varint());
    } else if (field == kStringParam && type == WireType::bytes) {
      parameter.kind = Kind::string;
      parameter.string = reader.text();
    } else if (field == kDoubleParam && type == WireType::fixed64) {
      parameter.kind = Kind::float64;
      parameter.float64 = std::bit_cast<double>(reader.fixed64());
    } else if (field == kUint64Param && type == WireType::varint) {
      parameter.kind = Kind::uint64;
      parameter.uint64 = reader.varint();
    } else {
      reader.skip();
    }
  }
}

// One entry of a map. False: it has a field of another kind, and google.protobuf (upb) puts such an
// entry aside whole, as an unknown field.
bool read_parameter(BytesView entry, int depth, ParameterView& parameter) {
  parameter.key = entry.substr(0, 0);
  bool is_known = true;
  WireReader reader(entry, depth);
  while (reader.next()) {
    if (is_bytes(reader, kEntryKey)) {
      parameter.key = reader.text();
    } else if (is_bytes(reader, kEntryValue)) {
      read_parameter_value(reader.message(), parameter);
    } else {
      reader.skip();
      is_known = false;
    }
  }
  return is_known;
}

// Of entries with the same key the last one on the wire counts. Where a key's bytes lie tells the
// order, so no stable sort is needed, which would allocate.
void keep_last_of_each_key(std::vector<ParameterView>& parameters) {
  if (parameters.size() < 2) return;
  std::sort(parameters.begin(), parameters.end(),
            [](const ParameterView& a, const ParameterView& b) {
              if (a.key != b.key) return a.key < b.key;
              return a.key.data() > b.key.data();
            });
  const auto end =
      std::unique(parameters.begin(), parameters.end(),
                  [](const ParameterView& a, const ParameterView& b) { return a.key == b.key; });
  parameters.erase(end, parameters.end());
}

void push_dim(uint64_t dim, InputView& input) {
  ++input.rank;
  if (!input.shape.try_push(static_cast<int64_t>(dim))) input.rank_too_large = true;
}

class RequestDecoder {
 public:
  explicit RequestDecoder(InferRequestView& request) : request_(request) {}

  void read(WireReader reader);

 private:
  void take_item() {
    static_assert(kRequestItemsMax == 16'384, "the sentence says so");
    if (--items_left_ < 0) {
      throw WireError("it has more than 16384 inputs, outputs, parameters and data entries");
    }
  }
  void push_parameter(WireReader& reader, std::vector<ParameterView>& parameters);
  void read_shape(WireReader& reader, InputView& input);
  void read_input(WireReader reader, InputView& input);
  void read_output(WireReader reader, RequestedOutputView& output);

  InferRequestView& request_;
  int items_left_ = kRequestItemsMax;
};

void RequestDecoder::push_parameter(WireReader& reader, std::vector<ParameterView>& parameters) {
  take_item();
  ParameterView parameter;
  if (read_parameter(reader.bytes(), reader.depth() + 1, parameter)) {
    parameters.push_back(parameter);
  }
}

void RequestDecoder::read_shape(WireReader& reader, InputView& input) {
  if (reader.type() == WireType::varint) {
    push_dim(reader.varint(), input);
  } else if (reader.type() == WireType::bytes) {
    const BytesView packed = reader.bytes();
    const char* at = packed.data();
    const char* const end = at + packed.size();
    while (at != end) push_dim(protozero::decode_varint(&at, end), input);
  } else {
    reader.skip();
  }
}

void RequestDecoder::read_input(WireReader reader, InputView& input) {
  while (reader.next()) {
    if (is_bytes(reader, kInputName)) {
      input.name = reader.text();
    } else if (is_bytes(reader, kInputDatatype)) {
      input.datatype = reader.text();
    } else if (reader.field() == kInputShape) {
      read_shape(reader, input);
    } else if (is_bytes(reader, kInputParameters)) {
      push_parameter(reader, input.parameters);
    } else if (is_bytes(reader, kInputContents)) {
      take_item();
      const BytesView part = reader.bytes();
      count_contents(WireReader(part, reader.depth() + 1), input.contents_counts);
      input.contents.push_back(part);
    } else {
      reader.skip();
    }
  }
  keep_last_of_each_key(input.parameters);
}

void RequestDecoder::read_output(WireReader reader, RequestedOutputView& output) {
  while (reader.next()) {
    if (is_bytes(reader, kOutputName)) {
      output.name = reader.text();
    } else if (is_bytes(reader, kOutputParameters)) {
      push_parameter(reader, output.parameters);
    } else {
      reader.skip();
    }
  }
  keep_last_of_each_key(output.parameters);
}

void RequestDecoder::read(WireReader reader) {
  while (reader.next()) {
    if (reader.type() != WireType::bytes) {
      reader.skip();
      continue;
    }
    switch (reader.field()) {
      case kModelName:
        request_.model_name = reader.text();
        break;
      case kModelVersion:
        request_.model_version = reader.text();
        break;
      case kId:
        request_.id = reader.text();
        break;
      case kParameters:
        push_parameter(reader, request_.parameters);
        break;
      case kInputs: {
        take_item();
        InputView& input = request_.inputs.push();
        input.clear();
        read_input(reader.message(), input);
        break;
      }
      case kOutputs: {
        take_item();
        RequestedOutputView& output = request_.outputs.push();
        output.clear();
        read_output(reader.message(), output);
        break;
      }
      case kRawInputContents:
        take_item();
        request_.raw_inputs.push_back(reader.bytes());
        break;
      default:
        reader.skip();
    }
  }
  keep_last_of_each_key(request_.parameters);
}

}  // namespace

void InputView::clear() {
  name = {};
  datatype = {};
  shape.rank = 0;
  rank_too_large = false;
  rank = 0;
  contents.clear();
  contents_counts = {};
  parameters.clear();
}

void InputView::trim() {
  clear_and_trim(contents);
  clear_and_trim(parameters);
}

void RequestedOutputView::clear() {
  name = {};
  parameters.clear();
}

void RequestedOutputView::trim() {
  clear_and_trim(parameters);
}

void InferRequestView::clear() {
  model_name = {};
  model_version = {};
  id = {};
  parameters.clear();
  inputs.clear();
  outputs.clear();
  raw_inputs.clear();
}

void InferRequestView::trim() {
  clear_and_trim(parameters);
  inputs.trim();
  outputs.trim();
  clear_and_trim(raw_inputs);
}

Status decode_infer_request(BytesView message, InferRequestView& request) {
  request.clear();
  try {
    RequestDecoder(request).read(WireReader(message));
    return {};
  } catch (const protozero::exception& problem) {
    return malformed_message(problem);
  }
}

}  // namespace tiltyard
