// ONNX models written by hand, field by field, so that native tests need no other tool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tiltyard::test {

// y = x * factor, FP32 [N,2] to FP32 [N,2].
std::string scale_model(float factor);

// A ModelInferRequest for it, with these values in rows of two. `id` and `version` may be empty.
std::string infer_request(const std::string& model, const std::vector<float>& values,
                          const std::string& id = "", const std::string& version = "");

// What a ModelInferResponse says.
struct InferReply {
  std::string model_name, model_version, id;
  std::vector<float> values;
};
InferReply parse_reply(const std::string& message);
// A ModelStreamInferResponse: the error, or the reply inside.
InferReply parse_stream_reply(const std::string& message, std::string& error);

}  // namespace tiltyard::test
