// ModelInferResponse to bytes: always raw_output_contents, one entry an output, in their order.
#pragma once

#include <span>

#include "base/bytes.h"
#include "infer/tensor.h"

namespace tiltyard {

// One output of one reply. `data` are the raw little-endian bytes (BYTES: already length-prefixed).
struct OutputView {
  const TensorSpec* spec = nullptr;
  Shape shape;
  BytesView data;
};

// Why this version served the request, as parameters of the reply.
struct ReplyExplanation {
  BytesView role;       // tiltyard_role
  uint64_t epoch = 0;   // tiltyard_epoch; of the model's rollout, 0: none
  int32_t bucket = -1;  // tiltyard_bucket; left out below 0: no key was hashed
};

struct ReplyHead {
  BytesView model_name;
  BytesView model_version;
  BytesView id;
  const ReplyExplanation* explanation = nullptr;  // null: it was not asked for
};

// Appends the encoded message to `out`.
void append_infer_response(const ReplyHead& head, std::span<const OutputView> outputs, Bytes& out);

// Appends a ModelStreamInferResponse: that reply wrapped, or an error with the request's id.
void append_stream_response(const ReplyHead& head, std::span<const OutputView> outputs, Bytes& out);
void append_stream_error(BytesView error_message, BytesView id, Bytes& out);

}  // namespace tiltyard
