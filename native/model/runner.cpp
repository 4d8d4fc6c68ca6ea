#include "model/runner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/clock.h"
#include "model/row_plan.h"

namespace tiltyard {
namespace {

// What a loose run needs beyond this gives its memory back afterwards.
constexpr size_t kLooseBytesKept = 4u << 20;

Status run_error(const ModelVersion& version, const std::string& what) {
  return make_error(Error::run_failed, {version.model(), version.number_text(), what});
}

size_t elements_of(const Shape& shape) {
  return static_cast<size_t>(element_count(shape).value_or(0));
}

}  // namespace

Status Runner::run(const ModelVersion& version, std::span<const BoundRequest* const> requests) {
  times_.start_ns = monotonic_ns();
  lay_out(version, requests);
  RunBuffers& buffers = version.thread(slot_).buffers;
  if (plan_for(version, buffers, run_rows_) != nullptr) {
    return run_planned(version, buffers, requests);
  }
  return run_loose(version, buffers, requests);
}

// Where each request's rows lie, and how many rows the session will see.
void Runner::lay_out(const ModelVersion& version, std::span<const BoundRequest* const> requests) {
  version_ = &version;
  requests_.assign(requests.begin(), requests.end());
  first_rows_.clear();
  rows_ = 0;
  for (const BoundRequest* request : requests) {
    first_rows_.push_back(rows_);
    rows_ += request->rows;
  }
  first_rows_.push_back(rows_);
  const BatchPlan& plan = version.batch_plan();
  // Lone rows are padded so that their bits are those they have in a batch; no rows stay no rows.
  padded_ = plan.batchable && rows_ > 0 && rows_ < plan.rows_min;
  run_rows_ = padded_ ? plan.rows_min : rows_;
  sliced_ = padded_ || requests.size() > 1;
  run_outputs_.resize(version.signature().outputs.size());
}

Status Runner::run_planned(const ModelVersion& version, RunBuffers& buffers,
                           std::span<const BoundRequest* const> requests) {
  RowPlan& plan = *plan_for(version, buffers, run_rows_);
  for (size_t i = 0; i < buffers.inputs.size(); ++i) {
    const TensorBuffer& input = buffers.inputs[i];
    char* to = input.memory.data();
    for (const BoundRequest* request : requests) {
      copy_elements(request->inputs[i], to);
      to += static_cast<size_t>(request->rows) * input.row_bytes;
    }
    for (int64_t row = rows_; row < run_rows_; ++row, to += input.row_bytes) {
      std::memcpy(to, input.memory.data(), input.row_bytes);
    }
  }
  times_.run_ns = monotonic_ns();
  std::string what;
  const bool ran = version.session().run(plan.inputs, plan.outputs, what);
  times_.run_end_ns = monotonic_ns();
  if (!ran) return run_error(version, what);
  sliced_ = true;
  for (size_t o = 0; o < run_outputs_.size(); ++o) {
    run_outputs_[o].shape = with_rows(version.output_shapes()[o], run_rows_);
    run_outputs_[o].data = buffers.outputs[o].memory.data();
    run_outputs_[o].row_bytes = buffers.outputs[o].row_bytes;
  }
  return {};
}

Status Runner::run_loose(const ModelVersion& version, RunBuffers& buffers,
                         std::span<const BoundRequest* const> requests) {
  const size_t inputs = version.signature().inputs.size();
  std::string what;
  loose_values_.clear();
  loose_inputs_.clear();
  buffers.loose_inputs.resize(inputs);
  for (size_t i = 0; i < inputs; ++i) {
    if (!make_loose_input(version, i, buffers.loose_inputs[i], requests, what)) {
      return run_error(version, what);
    }
  }
  loose_outputs_.assign(run_outputs_.size(), nullptr);
  times_.run_ns = monotonic_ns();
  const bool ran = version.session().run(loose_inputs_, loose_outputs_, what);
  times_.run_end_ns = monotonic_ns();
  for (OrtValue* value : loose_outputs_) {
    if (value != nullptr) loose_values_.emplace_back(version.runtime().api(), value);
  }
  for (AlignedBuffer& memory : buffers.loose_inputs) {
    if (memory.bytes() > kLooseBytesKept) memory.release();
  }
  if (!ran) return run_error(version, what);
  for (size_t o = 0; o < run_outputs_.size(); ++o) {
    if (!read_output(version, o, loose_outputs_[o], what)) return run_error(version, what);
  }
  return sliced_ ? check_rows(version) : Status();
}

bool Runner::make_loose_input(const ModelVersion& version, size_t input, AlignedBuffer& memory,
                              std::span<const BoundRequest* const> requests, std::string& what) {
  const OrtRuntime& runtime = version.runtime();
  const BoundInput& first = requests.front()->inputs[input];
  const Shape shape = sliced_ ? with_rows(first.shape, run_rows_) : first.shape;
  const int type = ort_element_type(first.spec->type);
  OrtValue* value = nullptr;
  if (first.spec->type == DataType::BYTES) {
    if (!runtime.succeeded(runtime.api().create_tensor_as_ort_value(
                               runtime.allocator(), shape.begin(), shape.rank, type, &value),
                           what)) {
      return false;
    }
    loose_values_.emplace_back(runtime.api(), value);
    loose_inputs_.push_back(value);
    return fill_strings(version, input, value, requests, what);
  }
  const size_t bytes = elements_of(shape) * element_bytes(first.spec->type);
  char* const data = memory.reserve(bytes);
  size_t at = 0;
  for (const BoundRequest* request : requests) {
    const BoundInput& from = request->inputs[input];
    copy_elements(from, data + at);
    at += static_cast<size_t>(from.elements) * element_bytes(first.spec->type);
  }
  // Padding repeats the first row; only a lone row is ever padded.
  for (const size_t row_bytes = at; at < bytes; at += row_bytes)
    std::memcpy(data + at, data, row_bytes);
  if (!runtime.succeeded(
          runtime.api().create_tensor_with_data(runtime.cpu_memory(), data, bytes, shape.begin(),
                                                shape.rank, type, &value),
          what)) {
    return false;
  }
  loose_values_.emplace_back(runtime.api(), value);
  loose_inputs_.push_back(value);
  return true;
}

bool Runner::fill_strings(const ModelVersion& version, size_t input, OrtValue* value,
                          std::span<const BoundRequest* const> requests, std::string& what) {
  strings_.clear();
  for (const BoundRequest* request : requests) append_strings(request->inputs[input], strings_);
  const size_t given = strings_.size();
  if (padded_) {
    for (size_t i = 0; i < given; ++i) strings_.push_back(strings_[i]);
  }
  const OrtRuntime& runtime = version.runtime();
  for (size_t i = 0; i < strings_.size(); ++i) {
    char* to = nullptr;
    if (!runtime.succeeded(
            runtime.api().get_resized_string_element_buffer(value, i, strings_[i].size(), &to),
            what)) {
      return false;
    }
    if (!strings_[i].empty()) std::memcpy(to, strings_[i].data(), strings_[i].size());
  }
  return true;
}

bool Runner::read_output(const ModelVersion& version, size_t output, OrtValue* value,
                         std::string& what) {
  const OrtRuntime& runtime = version.runtime();
  const OrtApi& api = runtime.api();
  const TensorSpec& spec = version.signature().outputs[output];
  int has_value = 0, is_tensor = 0;
  if (value == nullptr || !runtime.succeeded(api.has_value(value, &has_value), what) ||
      !runtime.succeeded(api.is_tensor(value, &is_tensor), what) || !has_value || !is_tensor) {
    what = "output '" + spec.name + "' is not a tensor";
    return false;
  }
  OrtTensorTypeAndShapeInfo* info = nullptr;
  size_t rank = 0;
  RunOutput& out = run_outputs_[output];
  bool read = runtime.succeeded(api.get_tensor_type_and_shape(value, &info), what) &&
              runtime.succeeded(api.get_dimensions_count(info, &rank), what);
  if (read && rank > static_cast<size_t>(kTensorRankMax)) {
    what = "output '" + spec.name + "' has rank " + std::to_string(rank);
    read = false;
  }
  read = read && runtime.succeeded(api.get_dimensions(info, out.shape.dims.data(), rank), what);
  if (info != nullptr) api.release_tensor_type_and_shape_info(info);
  if (!read) return false;
  out.shape.rank = static_cast<uint8_t>(rank);
  const size_t elements = elements_of(out.shape);
  if (spec.type == DataType::BYTES) return read_strings(version, value, elements, out, what);
  void* data = nullptr;
  if (!runtime.succeeded(api.get_tensor_mutable_data(value, &data), what)) return false;
  out.data = static_cast<const char*>(data);
  const size_t bytes = elements * element_bytes(spec.type);
  const size_t rows = rank > 0 && out.shape[0] > 0 ? static_cast<size_t>(out.shape[0]) : 1;
  out.row_bytes = bytes / rows;
  return true;
}

bool Runner::read_strings(const ModelVersion& version, OrtValue* value, size_t elements,
                          RunOutput& out, std::string& what) {
  const OrtRuntime& runtime = version.runtime();
  size_t bytes = 0;
  if (!runtime.succeeded(runtime.api().get_string_tensor_data_length(value, &bytes), what)) {
    return false;
  }
  Bytes content(bytes, '\0');
  std::vector<size_t> starts(elements);
  if (elements > 0 && !runtime.succeeded(runtime.api().get_string_tensor_content(
                                             value, content.data(), bytes, starts.data(), elements),
                                         what)) {
    return false;
  }
  starts.push_back(bytes);
  out.framed.clear();
  out.offsets.clear();
  out.row_bytes = 0;
  for (size_t i = 0; i < elements; ++i) {
    out.offsets.push_back(out.framed.size());
    append_u32_le(out.framed, static_cast<uint32_t>(starts[i + 1] - starts[i]));
    out.framed.append(content, starts[i], starts[i + 1] - starts[i]);
  }
  out.offsets.push_back(out.framed.size());
  out.data = out.framed.data();
  const size_t rows =
      out.shape.rank > 0 && out.shape[0] > 0 ? static_cast<size_t>(out.shape[0]) : 1;
  out.row_elements = elements / rows;
  return true;
}

// A group's outputs can be cut into rows only if they have them.
Status Runner::check_rows(const ModelVersion& version) const {
  for (size_t o = 0; o < run_outputs_.size(); ++o) {
    const Shape& shape = run_outputs_[o].shape;
    if (shape.rank > 0 && shape[0] == run_rows_) continue;
    return make_error(
        Error::output_mismatch,
        {version.model(), version.number_text(), version.signature().outputs[o].name,
         "it has shape " + shape_text(shape) + " for " + std::to_string(run_rows_) + " rows"});
  }
  return {};
}

void Runner::release_outputs() {
  loose_values_.clear();
  for (RunOutput& output : run_outputs_) {
    if (output.framed.capacity() > kLooseBytesKept) free_bytes(output.framed);
  }
}

void Runner::outputs(size_t index, std::vector<OutputView>& out) const {
  const BoundRequest& request = *requests_[index];
  const auto first = static_cast<size_t>(first_rows_[index]);
  const auto rows = static_cast<size_t>(request.rows);
  out.resize(request.outputs.size());
  for (size_t i = 0; i < request.outputs.size(); ++i) {
    const RunOutput& from = run_outputs_[request.outputs[i]];
    OutputView& to = out[i];
    to.spec = &version_->signature().outputs[request.outputs[i]];
    to.shape = sliced_ ? with_rows(from.shape, request.rows) : from.shape;
    if (to.spec->type == DataType::BYTES) {
      const size_t begin = sliced_ ? from.offsets[first * from.row_elements] : 0;
      const size_t end =
          sliced_ ? from.offsets[(first + rows) * from.row_elements] : from.framed.size();
      to.data = BytesView(from.framed).substr(begin, end - begin);
    } else if (sliced_) {
      to.data = {from.data + first * from.row_bytes, rows * from.row_bytes};
    } else {
      to.data = {from.data, elements_of(from.shape) * element_bytes(to.spec->type)};
    }
  }
}

}  // namespace tiltyard
