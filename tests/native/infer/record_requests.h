// Requests and answers for records, bound by hand, with their own bytes.
#pragma once

#include <doctest/doctest.h>

#include <list>
#include <string>
#include <vector>

#include "infer/bytes_codec.h"
#include "infer/request_bind.h"
#include "infer/response_decode.h"
#include "infer/response_encode.h"
#include "infer/tensor.h"

namespace tiltyard::test {

inline Shape dims(const std::vector<int64_t>& wanted) {
  Shape shape;
  for (const int64_t dim : wanted) REQUIRE(shape.try_push(dim));
  return shape;
}

inline TensorSpec spec(const char* name, DataType type, const std::vector<int64_t>& wanted) {
  return {name, type, dims(wanted), {}};
}

template <typename T>
Bytes raw(const std::vector<T>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

inline Bytes framed(const std::vector<Bytes>& strings) {
  Bytes out;
  for (const Bytes& text : strings) append_framed(text, out);
  return out;
}

// A request to `signature` and what it was answered with, both in the making.
struct RecordedRequest {
  RecordedRequest(const Signature& of, int64_t rows, const std::string& id = "") : signature(of) {
    request.id = kept.emplace_back(id);
    bound.request = &request;
    bound.rows = rows;
  }
  RecordedRequest(const RecordedRequest&) = delete;

  // The next input of the signature, raw.
  RecordedRequest& input(const std::vector<int64_t>& shape, Bytes bytes) {
    BoundInput& made = next_input(shape);
    made.is_raw = true;
    made.raw = kept.emplace_back(std::move(bytes));
    return *this;
  }
  // The same as contents: one part of InferTensorContents.
  RecordedRequest& contents(const std::vector<int64_t>& shape, Bytes part) {
    BoundInput& made = next_input(shape);
    made.typed = &parts.emplace_back(std::vector<BytesView>{kept.emplace_back(std::move(part))});
    return *this;
  }
  RecordedRequest& output(size_t index, const std::vector<int64_t>& shape, Bytes bytes) {
    outputs.push_back(
        {&signature.outputs[index], dims(shape), kept.emplace_back(std::move(bytes))});
    return *this;
  }

  const Signature& signature;
  std::list<Bytes> kept;
  std::list<std::vector<BytesView>> parts;
  InferRequestView request;
  BoundRequest bound;
  std::vector<OutputView> outputs;

 private:
  BoundInput& next_input(const std::vector<int64_t>& shape) {
    BoundInput& made = bound.inputs.emplace_back();
    made.spec = &signature.inputs[bound.inputs.size() - 1];
    made.shape = dims(shape);
    made.elements = element_count(made.shape).value();
    bound.elements += made.elements;
    return made;
  }
};

}  // namespace tiltyard::test
