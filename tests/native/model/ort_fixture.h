// The process's ONNX Runtime, and versions loaded from models written in the test.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "infer/bytes_codec.h"
#include "model/model_version.h"
#include "model/runner.h"
#include "onnx_model/onnx_model.h"

namespace tiltyard::test {

inline OrtRuntime& ort_runtime() {
  static OrtRuntime* const runtime = [] {
    const char* library = std::getenv("TILTYARD_ORT_LIBRARY");
    REQUIRE_MESSAGE(library != nullptr, "TILTYARD_ORT_LIBRARY names ONNX Runtime's library");
    OrtRuntime* opened = nullptr;
    const Status status = OrtRuntime::open(library, opened);
    REQUIRE_MESSAGE(status.ok(), status.message);
    return opened;
  }();
  return *runtime;
}

inline LoadOptions row_wise() {
  LoadOptions options;
  options.rowwise_proved = true;
  options.warmup_ns_max = 50'000'000;
  return options;
}

inline std::shared_ptr<ModelVersion> load(const OnnxModel& model,
                                          LoadOptions options = row_wise()) {
  std::shared_ptr<ModelVersion> version;
  const Status status =
      ModelVersion::load(ort_runtime(), "test", 1, model.bytes(), {}, options, version);
  REQUIRE_MESSAGE(status.ok(), status.message);
  return version;
}

inline Shape shape_of(const std::vector<int64_t>& dims) {
  Shape shape;
  for (int64_t dim : dims) REQUIRE(shape.try_push(dim));
  return shape;
}

// A request over raw bytes that it owns; asks for every output.
struct TestRequest {
  TestRequest(const ModelVersion& version, const std::vector<std::vector<int64_t>>& dims,
              std::vector<Bytes> raw)
      : raws(std::move(raw)) {
    const Signature& signature = version.signature();
    bound.rows = dims.empty() || dims[0].empty() ? 1 : dims[0][0];
    for (size_t i = 0; i < raws.size(); ++i) {
      BoundInput input;
      input.spec = &signature.inputs[i];
      input.shape = shape_of(dims[i]);
      input.elements = element_count(input.shape).value();
      input.is_raw = true;
      input.raw = raws[i];
      bound.inputs.push_back(input);
    }
    for (size_t o = 0; o < signature.outputs.size(); ++o) {
      bound.outputs.push_back(static_cast<uint16_t>(o));
    }
  }
  TestRequest(const TestRequest&) = delete;
  std::vector<Bytes> raws;
  BoundRequest bound;
};

template <typename T>
Bytes raw_of(const std::vector<T>& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

template <typename T>
std::vector<T> values_of(BytesView raw) {
  std::vector<T> values(raw.size() / sizeof(T));
  std::memcpy(values.data(), raw.data(), raw.size());
  return values;
}

inline Bytes framed_of(const std::vector<Bytes>& strings) {
  Bytes out;
  for (const Bytes& text : strings) append_framed(text, out);
  return out;
}

// The outputs of one request run alone.
inline std::vector<Bytes> run_alone(const ModelVersion& version, const BoundRequest& request,
                                    uint32_t slot = 0) {
  Runner runner(slot);
  const BoundRequest* one = &request;
  const Status status = runner.run(version, {&one, 1});
  REQUIRE_MESSAGE(status.ok(), status.message);
  std::vector<OutputView> views;
  runner.outputs(0, views);
  std::vector<Bytes> out;
  for (const OutputView& view : views) out.emplace_back(view.data);
  return out;
}

}  // namespace tiltyard::test
