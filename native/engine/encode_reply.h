// A reply's message: ModelInferResponse, or the same inside a ModelStreamInferResponse.
#pragma once

#include <span>

#include "infer/request_decode.h"
#include "infer/response_encode.h"
#include "route/served_version.h"

namespace tiltyard {

// Whether the request wants to know why the version that served it did.
inline bool asks_explanation(const InferRequestView& request) {
  for (const ParameterView& parameter : request.parameters) {
    if (parameter.key == "tiltyard_explain") return parameter.boolean;
  }
  return false;
}

// `bucket` below 0: the request was not routed by a hash.
inline void append_reply(const ServedVersion& served, const InferRequestView& request,
                         int32_t bucket, bool is_stream, std::span<const OutputView> outputs,
                         Bytes& out) {
  const ModelVersion& version = *served.version;
  const ReplyExplanation explanation{role_name(served.role), served.epoch, bucket};
  const ReplyHead head{version.model(), version.number_text(), request.id,
                       asks_explanation(request) ? &explanation : nullptr};
  if (is_stream) {
    append_stream_response(head, outputs, out);
  } else {
    append_infer_response(head, outputs, out);
  }
}

}  // namespace tiltyard
