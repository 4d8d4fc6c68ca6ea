// The codec of requests and replies in C++ shapes that Python can use, for its tests and tools.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "infer/request_decode.h"
#include "infer/response_encode.h"

namespace tiltyard {

// (field of InferTensorContents, little-endian values) for each field with numbers in it, read as
// the datatype that takes the field's values as they are.
std::vector<std::pair<BytesView, Bytes>> number_contents(const InputView& input);

// A reply in the making.
class ReplyDraft {
 public:
  // `data` must live until encode(). False: there is no such datatype, or too many dimensions.
  [[nodiscard]] bool try_add(const std::string& name, const std::string& datatype,
                             const std::vector<int64_t>& shape, BytesView data);
  // As a ModelInferResponse, or as the ModelStreamInferResponse around it.
  Bytes encode(BytesView model_name, BytesView model_version, BytesView id, bool stream) const;

 private:
  struct Output {
    TensorSpec spec;
    Shape shape;
    BytesView data;
  };

  std::vector<Output> outputs_;
};

}  // namespace tiltyard
