// A reply's message: ModelInferResponse, or the same inside a ModelStreamInferResponse.
#pragma once

#include <span>

#include "infer/response_encode.h"
#include "model/model_version.h"

namespace tiltyard {

inline void append_reply(const ModelVersion& version, BytesView id, bool is_stream,
                         std::span<const OutputView> outputs, Bytes& out) {
  const ReplyHead head{version.model(), version.number_text(), id};
  if (is_stream) {
    append_stream_response(head, outputs, out);
  } else {
    append_infer_response(head, outputs, out);
  }
}

}  // namespace tiltyard
