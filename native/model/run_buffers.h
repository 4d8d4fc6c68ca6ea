// The memory one thread runs one version in.
//
// Planned: a batchable version with known shapes has fixed input and output buffers and, for each
// row count that has been seen, the OrtValues over them, so that a warm run allocates nothing.
// Loose: everything else; values are made for one run. Owned by the version, used by one thread.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "infer/tensor.h"
#include "model/aligned_buffer.h"
#include "model/ort_api.h"

namespace tiltyard {

// Owns an OrtValue.
class OrtValuePtr {
 public:
  OrtValuePtr() = default;
  OrtValuePtr(const OrtApi& api, OrtValue* value) : api_(&api), value_(value) {}
  OrtValuePtr(OrtValuePtr&& other) noexcept
      : api_(other.api_), value_(std::exchange(other.value_, nullptr)) {}
  OrtValuePtr& operator=(OrtValuePtr&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~OrtValuePtr() {
    if (value_ != nullptr) api_->release_value(value_);
  }
  OrtValue* get() const { return value_; }

 private:
  const OrtApi* api_ = nullptr;
  OrtValue* value_ = nullptr;
};

// What a planned run of one row count uses.
struct RowPlan {
  std::vector<OrtValue*> inputs;  // owned by `values`
  std::vector<OrtValue*> outputs;
  std::vector<OrtValuePtr> values;
};

struct TensorBuffer {
  AlignedBuffer memory;
  size_t row_bytes = 0;
};

struct RunBuffers {
  bool is_planned = false;  // planned buffers have been made
  int64_t rows_max = 0;     // of a planned run
  std::vector<TensorBuffer> inputs;
  std::vector<TensorBuffer> outputs;
  std::vector<RowPlan> plans;  // by row count

  // Loose runs: grown as needed, given back when large.
  std::vector<AlignedBuffer> loose_inputs;
};

// Bytes of one row: the product of all dimensions but the first times the element's size; 0 when a
// dimension is free, there is none, or the elements are strings.
size_t row_bytes_of(const TensorSpec& spec, const Shape& shape);

// `shape` with `rows` as its first dimension.
Shape with_rows(const Shape& shape, int64_t rows);

}  // namespace tiltyard
