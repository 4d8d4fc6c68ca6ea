#include "model/row_plan.h"

#include <algorithm>

namespace tiltyard {
namespace {

// Planned buffers of one tensor hold at most this much; wider models plan for fewer rows.
constexpr size_t kPlannedBytesMax = 4u << 20;

bool add_buffers(const std::vector<TensorSpec>& specs, const std::vector<Shape>* shapes,
                 std::vector<TensorBuffer>& buffers, int64_t& rows_max) {
  for (size_t i = 0; i < specs.size(); ++i) {
    TensorBuffer& buffer = buffers.emplace_back();
    buffer.row_bytes = row_bytes_of(specs[i], shapes == nullptr ? specs[i].shape : (*shapes)[i]);
    if (buffer.row_bytes == 0) return false;
    rows_max = std::min(rows_max, static_cast<int64_t>(kPlannedBytesMax / buffer.row_bytes));
  }
  return true;
}

void make_buffers(const ModelVersion& version, RunBuffers& buffers) {
  buffers.is_planned = true;
  buffers.rows_max = std::max(version.batch_rows_max(), version.batch_plan().rows_min);
  if (!version.outputs_preallocated() ||
      !add_buffers(version.signature().inputs, nullptr, buffers.inputs, buffers.rows_max) ||
      !add_buffers(version.signature().outputs, &version.output_shapes(), buffers.outputs,
                   buffers.rows_max)) {
    buffers.rows_max = 0;
    return;
  }
  const auto rows = static_cast<size_t>(buffers.rows_max);
  for (TensorBuffer& buffer : buffers.inputs) buffer.memory.reserve(buffer.row_bytes * rows);
  for (TensorBuffer& buffer : buffers.outputs) buffer.memory.reserve(buffer.row_bytes * rows);
  buffers.plans.resize(rows + 1);
}

bool add_values(const OrtRuntime& runtime, const std::vector<TensorSpec>& specs,
                const std::vector<Shape>* shapes, std::vector<TensorBuffer>& buffers, int64_t rows,
                std::vector<OrtValue*>& out, std::vector<OrtValuePtr>& owned) {
  for (size_t i = 0; i < specs.size(); ++i) {
    const Shape shape = with_rows(shapes == nullptr ? specs[i].shape : (*shapes)[i], rows);
    OrtValue* value = nullptr;
    std::string what;
    if (!runtime.succeeded(runtime.api().create_tensor_with_data(
                               runtime.cpu_memory(), buffers[i].memory.data(),
                               buffers[i].row_bytes * static_cast<size_t>(rows), shape.begin(),
                               shape.rank, ort_element_type(specs[i].type), &value),
                           what)) {
      return false;
    }
    owned.emplace_back(runtime.api(), value);
    out.push_back(value);
  }
  return true;
}

}  // namespace

RowPlan* plan_for(const ModelVersion& version, RunBuffers& buffers, int64_t rows) {
  if (!version.batch_plan().batchable || !version.outputs_preallocated()) return nullptr;
  if (!buffers.is_planned) make_buffers(version, buffers);
  if (rows < 1 || rows > buffers.rows_max) return nullptr;
  RowPlan& plan = buffers.plans[static_cast<size_t>(rows)];
  if (!plan.values.empty()) return &plan;
  RowPlan made;
  if (!add_values(version.runtime(), version.signature().inputs, nullptr, buffers.inputs, rows,
                  made.inputs, made.values) ||
      !add_values(version.runtime(), version.signature().outputs, &version.output_shapes(),
                  buffers.outputs, rows, made.outputs, made.values)) {
    return nullptr;
  }
  plan = std::move(made);
  return &plan;
}

}  // namespace tiltyard
