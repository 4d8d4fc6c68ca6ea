// ModelInferRequest from bytes, by protozero, without copies.
//
// Every view points into the bytes given and lives as long as they do. A request object is meant to
// be reused: clear() keeps its capacity, so that a warm io thread allocates nothing.
// Exceptions of the data plane are protozero's alone; they end here and in service_messages.cpp.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/reused_vector.h"
#include "base/status.h"
#include "infer/tensor.h"
#include "infer/typed_contents.h"

namespace tiltyard {

// Inputs, outputs, parameters, raw entries and parts of contents that one request may have in all.
// Two bytes on the wire can make one of them, which takes up to 400 bytes of memory here.
inline constexpr int kRequestItemsMax = 16'384;

struct ParameterView {
  enum class Kind : uint8_t { none, boolean, int64, string, float64, uint64 };
  BytesView key;
  Kind kind = Kind::none;
  bool boolean = false;
  int64_t int64 = 0;
  uint64_t uint64 = 0;
  double float64 = 0;
  BytesView string;
};

struct InputView {
  BytesView name;
  BytesView datatype;  // as sent; it is judged against the signature later
  Shape shape;
  bool rank_too_large = false;
  int64_t rank = 0;                       // as sent, also when it does not fit `shape`
  std::vector<BytesView> contents;        // InferTensorContents; more than one part means merge
  ContentsCounts contents_counts = {};    // the elements in all parts
  std::vector<ParameterView> parameters;  // a key comes once; so everywhere

  void clear();
  void trim();
};

struct RequestedOutputView {
  BytesView name;
  std::vector<ParameterView> parameters;

  void clear();
  void trim();
};

struct InferRequestView {
  BytesView model_name;
  BytesView model_version;
  BytesView id;
  std::vector<ParameterView> parameters;
  ReusedVector<InputView> inputs;
  ReusedVector<RequestedOutputView> outputs;
  std::vector<BytesView> raw_inputs;

  void clear();
  // Its items go, and with them the memory that unusually many of them took.
  void trim();
};

// Decodes `message` into `request` (cleared first). Says Error::malformed_message for anything that
// google.protobuf would refuse to parse, invalid UTF-8 in a string field included, and for more
// than kRequestItemsMax items.
Status decode_infer_request(BytesView message, InferRequestView& request);

}  // namespace tiltyard
