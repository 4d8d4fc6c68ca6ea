// ONNX models written by hand, field by field, so that native tests need no other tool.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tiltyard::test {

// TensorProto.DataType.
enum OnnxType : int { kFloat = 1, kInt64 = 7, kString = 8, kBool = 9, kFloat16 = 10, kDouble = 11 };

// A graph in the making. A dimension of -1 is free and named N.
class OnnxModel {
 public:
  OnnxModel& input(const std::string& name, int type, const std::vector<int64_t>& dims);
  OnnxModel& output(const std::string& name, int type, const std::vector<int64_t>& dims);
  OnnxModel& floats(const std::string& name, const std::vector<int64_t>& dims,
                    const std::vector<float>& values);
  // Integer attributes only.
  OnnxModel& node(const std::string& op, const std::vector<std::string>& inputs,
                  const std::vector<std::string>& outputs,
                  const std::vector<std::pair<std::string, int64_t>>& attributes = {});
  std::string bytes() const;

 private:
  std::string nodes_and_values_;
};

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
