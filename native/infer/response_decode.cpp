#include "infer/response_decode.h"

#include "base/reused_vector.h"
#include "infer/wire_reader.h"

namespace tiltyard {
namespace {

// Field numbers of the messages, Triton's.
enum ResponseField : uint32_t { kOutputs = 5, kRawOutputContents = 6 };
enum OutputField : uint32_t { kOutputName = 1, kOutputDatatype = 2, kOutputShape = 3 };
enum StreamField : uint32_t { kInferResponse = 2 };

bool is_bytes(const WireReader& reader, uint32_t field) {
  return reader.field() == field && reader.type() == WireType::bytes;
}

void push_dim(uint64_t dim, Shape& shape) {
  if (!shape.try_push(static_cast<int64_t>(dim))) throw WireError("an output has too high a rank");
}

void read_shape(WireReader& reader, Shape& shape) {
  const BytesView packed = reader.bytes();
  const char* at = packed.data();
  const char* const end = at + packed.size();
  while (at != end) push_dim(protozero::decode_varint(&at, end), shape);
}

DataType read_type(WireReader& reader) {
  const std::optional<DataType> type = parse_data_type(reader.bytes());
  if (!type) throw WireError("an output has an unknown datatype");
  return *type;
}

void read_output(WireReader reader, ReplyOutputView& output) {
  while (reader.next()) {
    if (is_bytes(reader, kOutputName)) {
      output.name = reader.text();
    } else if (is_bytes(reader, kOutputDatatype)) {
      output.tensor.type = read_type(reader);
    } else if (is_bytes(reader, kOutputShape)) {
      read_shape(reader, output.tensor.shape);
    } else if (reader.field() == kOutputShape && reader.type() == WireType::varint) {
      push_dim(reader.varint(), output.tensor.shape);
    } else {
      reader.skip();
    }
  }
}

// Raw entries follow the outputs, which our own encoder writes first.
void read_response(WireReader reader, InferResponseView& response) {
  response.outputs.clear();
  size_t raw_entries = 0;
  while (reader.next()) {
    if (is_bytes(reader, kOutputs)) {
      read_output(reader.message(), response.outputs.emplace_back());
    } else if (is_bytes(reader, kRawOutputContents)) {
      if (raw_entries == response.outputs.size()) throw WireError("a raw entry has no output");
      response.outputs[raw_entries++].tensor.data = reader.bytes();
    } else {
      reader.skip();
    }
  }
  if (raw_entries != response.outputs.size()) throw WireError("an output has no raw entry");
}

void read_stream_response(WireReader reader, InferResponseView& response) {
  bool is_found = false;
  while (reader.next()) {
    if (is_bytes(reader, kInferResponse)) {
      read_response(reader.message(), response);
      is_found = true;
    } else {
      reader.skip();
    }
  }
  if (!is_found) throw WireError("a stream's message has no reply in it");
}

}  // namespace

void InferResponseView::trim() {
  clear_and_trim(outputs);
}

Status decode_infer_response(BytesView message, InferResponseView& response) {
  try {
    read_response(WireReader(message), response);
    return {};
  } catch (const protozero::exception& problem) {
    return malformed_message(problem);
  }
}

Status decode_stream_response(BytesView message, InferResponseView& response) {
  try {
    read_stream_response(WireReader(message), response);
    return {};
  } catch (const protozero::exception& problem) {
    return malformed_message(problem);
  }
}

}  // namespace tiltyard
