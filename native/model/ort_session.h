// One ONNX Runtime session made from bytes that were verified, and its signature.
//
// Thread-safe to run. The session uses one intra-op thread without spinning unless told otherwise,
// no arena and no memory pattern, and shares the process's one environment.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "infer/tensor.h"
#include "model/ort_api.h"

namespace tiltyard {

struct ExternalFile {
  std::string name;  // as the model names it, relative
  BytesView bytes;
};

struct SessionOptions {
  int intra_op_threads = 1;
};

class OrtSession {
 public:
  // `model` and `external` are read during the call only.
  static Status create(OrtRuntime& runtime, BytesView model, std::span<const ExternalFile> external,
                       const SessionOptions& options, std::unique_ptr<OrtSession>& out);
  ~OrtSession();
  OrtSession(const OrtSession&) = delete;
  OrtSession& operator=(const OrtSession&) = delete;

  const Signature& signature() const { return signature_; }
  // ORT's Run. `outputs` entries that are null are allocated by ORT and then owned by the caller.
  Status run(std::span<const OrtValue* const> inputs, std::span<OrtValue*> outputs) const;

 private:
  explicit OrtSession(OrtRuntime& runtime) : runtime_(runtime) {}
  Status read_signature();

  OrtRuntime& runtime_;
  OrtSession_* handle_ = nullptr;
  Signature signature_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;
};

}  // namespace tiltyard
