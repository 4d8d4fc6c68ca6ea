// One ONNX Runtime session made from bytes that were verified, and its signature.
//
// Thread-safe to run. The session uses one intra-op thread without spinning unless told otherwise,
// and shares the process's one environment.
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
  // ONNX Runtime's own memory arena and pattern. They cost a fast model a fifth of its run, and
  // spare a slow one page faults in every run.
  bool arena = false;
};

// ONNX's TensorProto.DataType of a datatype, and back; empty for one that v2 has no name for.
int ort_element_type(DataType type);
std::optional<DataType> data_type_of(int ort_element_type);

class OrtSession {
 public:
  // `model` and `external` are read during the call only. On failure `what` has the reason.
  static std::unique_ptr<OrtSession> create(OrtRuntime& runtime, BytesView model,
                                            std::span<const ExternalFile> external,
                                            const SessionOptions& options, std::string& what);
  ~OrtSession();
  OrtSession(const OrtSession&) = delete;
  OrtSession& operator=(const OrtSession&) = delete;

  const Signature& signature() const { return signature_; }
  // `outputs` that are null are allocated by ONNX Runtime, and then the caller's to release. On
  // failure `what` has its words.
  [[nodiscard]] bool run(std::span<const OrtValue* const> inputs, std::span<OrtValue*> outputs,
                         std::string& what) const;

 private:
  explicit OrtSession(OrtRuntime& runtime) : runtime_(runtime) {}
  bool open(BytesView model, std::span<const ExternalFile> external, const SessionOptions& options,
            std::string& what);
  bool configure(OrtSessionOptions* to, std::span<const ExternalFile> external,
                 const SessionOptions& options, std::string& what) const;
  bool read_signature(std::string& what);
  bool read_tensor(bool is_input, size_t index, std::vector<TensorSpec>& specs, std::string& what);
  bool read_spec(const OrtTypeInfo* type_info, TensorSpec& spec, std::string& what) const;

  OrtRuntime& runtime_;
  ::OrtSession* handle_ = nullptr;
  Signature signature_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;
};

}  // namespace tiltyard
