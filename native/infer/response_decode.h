// ModelInferResponse from bytes: a reply of this gateway's own, read again by a shadow.
//
// Every view points into the bytes given and lives as long as they do. A view is meant to be
// reused: it keeps its capacity. protozero's exceptions end in response_decode.cpp.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "infer/tensor.h"

namespace tiltyard {

// The values of one tensor: raw little-endian bytes (BYTES: length-prefixed elements).
struct TensorView {
  DataType type = DataType::FP32;
  Shape shape;
  BytesView data;
};

struct ReplyOutputView {
  BytesView name;
  TensorView tensor;
};

struct InferResponseView {
  std::vector<ReplyOutputView> outputs;

  void trim();
};

// Decodes the outputs of `message` into `response`; what else a reply says is passed over. Says
// Error::malformed_message for what is no reply, or has not one raw entry for each output.
Status decode_infer_response(BytesView message, InferResponseView& response);
// The same of the reply inside a ModelStreamInferResponse.
Status decode_stream_response(BytesView message, InferResponseView& response);

}  // namespace tiltyard
