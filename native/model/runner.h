// Runs bound requests of one version as one batch on the calling thread.
//
// gather → ONNX Runtime → slices. One Runner a thread (`slot` picks the thread's buffers in each
// version). With buffers warm and shapes known nothing is allocated.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "infer/request_bind.h"
#include "infer/response_encode.h"
#include "model/model_version.h"

namespace tiltyard {

// When each part of a group's run began and ended; monotonic ns.
struct RunTimes {
  uint64_t start_ns = 0;    // gather begins
  uint64_t run_ns = 0;      // ONNX Runtime begins
  uint64_t run_end_ns = 0;  // ONNX Runtime has ended
};

class Runner {
 public:
  explicit Runner(uint32_t slot) : slot_(slot) {}

  // Runs all `requests` in one call of the session; more than one only if the version is batchable
  // and can_share_batch() holds between them. On an error no request has a result.
  Status run(const ModelVersion& version, std::span<const BoundRequest* const> requests);

  // The outputs request `index` asked for, in its order; valid until the next run().
  void outputs(size_t index, std::vector<OutputView>& out) const;
  // Gives back the memory of a loose run's outputs: outputs() has nothing to see until the next.
  void release_outputs();
  const RunTimes& times() const { return times_; }
  int64_t rows() const { return rows_; }   // rows of the last run, padding not counted
  bool padded() const { return padded_; }  // whether a lone row was padded

 private:
  // One output of the whole run.
  struct RunOutput {
    Shape shape;
    const char* data = nullptr;   // rows one after the other
    size_t row_bytes = 0;         // 0 for BYTES
    Bytes framed;                 // BYTES: length-prefixed elements,
    std::vector<size_t> offsets;  // where each begins, and the end
    size_t row_elements = 0;
  };

  void lay_out(const ModelVersion& version, std::span<const BoundRequest* const> requests);
  Status run_planned(const ModelVersion& version, RunBuffers& buffers,
                     std::span<const BoundRequest* const> requests);
  Status run_loose(const ModelVersion& version, RunBuffers& buffers,
                   std::span<const BoundRequest* const> requests);
  bool make_loose_input(const ModelVersion& version, size_t input, AlignedBuffer& memory,
                        std::span<const BoundRequest* const> requests, std::string& what);
  bool fill_strings(const ModelVersion& version, size_t input, OrtValue* value,
                    std::span<const BoundRequest* const> requests, std::string& what);
  bool read_output(const ModelVersion& version, size_t output, OrtValue* value, std::string& what);
  bool read_strings(const ModelVersion& version, OrtValue* value, size_t elements, RunOutput& out,
                    std::string& what);
  Status check_rows(const ModelVersion& version) const;

  const uint32_t slot_;
  RunTimes times_;
  int64_t rows_ = 0;
  int64_t run_rows_ = 0;  // with padding
  bool padded_ = false;
  bool sliced_ = false;              // outputs are cut into rows
  std::vector<int64_t> first_rows_;  // of each request, and the end
  std::vector<const BoundRequest*> requests_;
  std::vector<RunOutput> run_outputs_;
  std::vector<OrtValuePtr> loose_values_;
  std::vector<OrtValue*> loose_inputs_;
  std::vector<OrtValue*> loose_outputs_;
  std::vector<BytesView> strings_;
  const ModelVersion* version_ = nullptr;
};

}  // namespace tiltyard
