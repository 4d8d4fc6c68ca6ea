#include "infer/request_bind.h"

#include <algorithm>
#include <string>

#include "infer/bytes_codec.h"
#include "infer/parameter_rules.h"
#include "infer/typed_contents.h"

namespace tiltyard {
namespace {

constexpr size_t kNotFound = static_cast<size_t>(-1);

// "A, B, C", for the sentences.
std::string names_of(const std::vector<TensorSpec>& specs) {
  std::string names;
  for (const TensorSpec& spec : specs) {
    if (!names.empty()) names.append(", ");
    names.append(spec.name);
  }
  return names;
}

// `likely` is where it usually is: clients send tensors in the model's order.
size_t find_spec(const std::vector<TensorSpec>& specs, BytesView name, size_t likely) {
  if (likely < specs.size() && specs[likely].name == name) return likely;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return i;
  }
  return kNotFound;
}

// One bind_request: what it was given, step by step turned into what it returns.
class Binder {
 public:
  Binder(const InferRequestView& request, std::string_view model, const Signature& signature,
         BoundRequest& bound)
      : request_(request), model_(model), signature_(signature), bound_(bound) {}

  Status match_inputs();
  Status check_data_form() const;
  Status bind_inputs();
  Status count_rows(bool batched);
  Status match_outputs();

 private:
  Status check_type(const InputView& input, const TensorSpec& spec) const;
  Status check_shape(const InputView& input, const TensorSpec& spec) const;
  Status bind_input(const InputView& input, size_t position);
  Status bind_raw(BytesView raw, BoundInput& bound) const;
  Status bind_typed(const InputView& input, BoundInput& bound) const;
  Status check_contents_fields(const InputView& input, const TensorSpec& spec) const;
  // The place in `bound_` of the request's input at `position`.
  size_t spec_index(size_t position) const {
    return find_spec(signature_.inputs, request_.inputs[position].name, position);
  }

  const InferRequestView& request_;
  const std::string_view model_;
  const Signature& signature_;
  BoundRequest& bound_;
};

// Every input of the request is one of the model's, and every one of the model's is there once.
Status Binder::match_inputs() {
  bound_.inputs.resize(signature_.inputs.size());
  for (size_t i = 0; i < request_.inputs.size(); ++i) {
    const InputView& input = request_.inputs[i];
    const size_t found = spec_index(i);
    if (found == kNotFound) {
      return make_error(Error::extra_input, {model_, input.name, names_of(signature_.inputs)});
    }
    BoundInput& bound = bound_.inputs[found];
    if (bound.spec != nullptr) return make_error(Error::duplicate_input, {model_, input.name});
    bound.spec = &signature_.inputs[found];
    Status status = check_input_parameters(input.name, input.parameters);
    if (!status.ok()) return status;
  }
  if (request_.inputs.size() == signature_.inputs.size()) return {};
  for (size_t i = 0; i < bound_.inputs.size(); ++i) {
    if (bound_.inputs[i].spec == nullptr) {
      return make_error(Error::missing_input,
                        {model_, signature_.inputs[i].name, names_of(signature_.inputs)});
    }
  }
  return {};
}

// All values raw, one entry an input, or all typed.
Status Binder::check_data_form() const {
  if (request_.raw_inputs.empty()) return {};
  for (const InputView& input : request_.inputs) {
    if (!input.contents.empty()) return make_error(Error::raw_and_typed, {model_, input.name});
  }
  if (request_.raw_inputs.size() == request_.inputs.size()) return {};
  return make_error(Error::raw_count, {model_, std::to_string(request_.inputs.size()),
                                       std::to_string(request_.raw_inputs.size())});
}

Status Binder::check_type(const InputView& input, const TensorSpec& spec) const {
  const std::string_view expected = data_type_name(spec.type);
  if (input.datatype == expected) return {};
  if (!parse_data_type(input.datatype)) {
    return make_error(Error::unknown_dtype, {model_, spec.name, expected, input.datatype});
  }
  return make_error(Error::wrong_dtype, {model_, spec.name, expected, input.datatype});
}

Status Binder::check_shape(const InputView& input, const TensorSpec& spec) const {
  if (input.rank_too_large) {
    return make_error(Error::rank_too_large, {model_, spec.name, std::to_string(input.rank),
                                              std::to_string(kTensorRankMax)});
  }
  if (input.shape.rank != spec.shape.rank) {
    return make_error(Error::wrong_rank,
                      {model_, spec.name, std::to_string(spec.shape.rank), shape_text(spec.shape),
                       std::to_string(input.shape.rank), shape_text(input.shape)});
  }
  for (size_t i = 0; i < input.shape.rank; ++i) {
    if (input.shape[i] < 0) {
      return make_error(Error::negative_dimension,
                        {model_, spec.name, shape_text(spec.shape), shape_text(input.shape)});
    }
    if (spec.shape[i] >= 0 && spec.shape[i] != input.shape[i]) {
      return make_error(Error::wrong_dimension,
                        {model_, spec.name, shape_text(spec.shape), shape_text(input.shape)});
    }
  }
  return {};
}

Status Binder::bind_input(const InputView& input, size_t position) {
  BoundInput& bound = bound_.inputs[spec_index(position)];
  const TensorSpec& spec = *bound.spec;
  if (Status status = check_type(input, spec); !status.ok()) return status;
  if (Status status = check_shape(input, spec); !status.ok()) return status;
  bound.shape = input.shape;
  const std::optional<int64_t> elements = element_count(input.shape);
  int64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(*elements, element_bytes(spec.type), &bytes)) {
    return make_error(Error::shape_overflow, {model_, spec.name, shape_text(input.shape)});
  }
  bound.elements = *elements;
  bound.is_raw = !request_.raw_inputs.empty();
  if (bound.is_raw) return bind_raw(request_.raw_inputs[position], bound);
  return bind_typed(input, bound);
}

Status Binder::bind_raw(BytesView raw, BoundInput& bound) const {
  const TensorSpec& spec = *bound.spec;
  bound.raw = raw;
  if (spec.type == DataType::BYTES) {
    if (check_framed_bytes(raw, bound.elements) == BytesFraming::ok) return {};
    return make_error(Error::bad_bytes_framing,
                      {model_, spec.name, framing_problem(raw, bound.elements)});
  }
  const size_t expected = static_cast<size_t>(bound.elements) * element_bytes(spec.type);
  if (raw.size() == expected) return {};
  return make_error(Error::wrong_byte_count,
                    {model_, spec.name, std::to_string(expected), std::to_string(raw.size()),
                     shape_text(bound.shape), data_type_name(spec.type)});
}

// Values only in the field of the datatype. An empty field is as good as none.
Status Binder::check_contents_fields(const InputView& input, const TensorSpec& spec) const {
  const ContentsField expected = contents_field_of(spec.type);
  for (size_t i = 1; i < input.contents_counts.size(); ++i) {
    const auto field = static_cast<ContentsField>(i);
    if (input.contents_counts[i] == 0 || field == expected) continue;
    return make_error(Error::wrong_contents_field,
                      {model_, spec.name, data_type_name(spec.type), contents_field_name(expected),
                       contents_field_name(field)});
  }
  return {};
}

Status Binder::bind_typed(const InputView& input, BoundInput& bound) const {
  const TensorSpec& spec = *bound.spec;
  bound.typed = &input.contents;
  // Without an element there is nothing to send: contents are left out, or empty.
  const auto& counts = input.contents_counts;
  const bool has_values = std::any_of(counts.begin(), counts.end(), [](auto n) { return n > 0; });
  if (!has_values && bound.elements == 0) return {};
  if (input.contents.empty()) return make_error(Error::missing_data, {model_, spec.name});
  const ContentsField field = contents_field_of(spec.type);
  if (field == ContentsField::none) {
    return make_error(Error::raw_only_dtype, {model_, spec.name, data_type_name(spec.type)});
  }
  if (Status status = check_contents_fields(input, spec); !status.ok()) return status;
  const int64_t count = input.contents_counts[static_cast<size_t>(field)];
  if (count != bound.elements) {
    return make_error(Error::wrong_element_count,
                      {model_, spec.name, std::to_string(bound.elements), std::to_string(count),
                       shape_text(bound.shape)});
  }
  const std::string value = first_value_out_of_range(input.contents, spec.type);
  if (value.empty()) return {};
  return make_error(Error::value_out_of_range,
                    {model_, spec.name, data_type_name(spec.type), value});
}

Status Binder::bind_inputs() {
  for (size_t i = 0; i < request_.inputs.size(); ++i) {
    if (Status status = bind_input(request_.inputs[i], i); !status.ok()) return status;
  }
  return {};
}

Status Binder::count_rows(bool batched) {
  const BoundInput* first = nullptr;
  bound_.rows = 1;
  for (const BoundInput& input : bound_.inputs) bound_.elements += input.elements;
  for (const BoundInput& input : bound_.inputs) {
    if (input.shape.rank == 0) continue;
    if (first == nullptr) {
      first = &input;
      bound_.rows = input.shape[0];
    } else if (input.shape[0] != first->shape[0]) {
      if (batched) {
        return make_error(Error::rows_disagree,
                          {model_, input.spec->name, std::to_string(first->shape[0]),
                           std::to_string(input.shape[0])});
      }
      bound_.rows = 1;
      return {};
    }
  }
  return {};
}

Status Binder::match_outputs() {
  const auto& specs = signature_.outputs;
  if (request_.outputs.empty()) {
    for (size_t i = 0; i < specs.size(); ++i) bound_.outputs.push_back(static_cast<uint16_t>(i));
    return {};
  }
  for (size_t i = 0; i < request_.outputs.size(); ++i) {
    const RequestedOutputView& output = request_.outputs[i];
    const size_t found = find_spec(specs, output.name, i);
    if (found == kNotFound) {
      return make_error(Error::unknown_output, {model_, output.name, names_of(specs)});
    }
    const auto index = static_cast<uint16_t>(found);
    if (std::find(bound_.outputs.begin(), bound_.outputs.end(), index) != bound_.outputs.end()) {
      return make_error(Error::duplicate_output, {model_, output.name});
    }
    bound_.outputs.push_back(index);
    Status status = check_output_parameters(output.name, output.parameters);
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace

void BoundRequest::clear() {
  request = nullptr;
  inputs.clear();
  outputs.clear();
  rows = 0;
  elements = 0;
}

void BoundRequest::trim() {
  clear_and_trim(inputs);
  clear_and_trim(outputs);
}

Status bind_request(const InferRequestView& request, std::string_view model,
                    const Signature& signature, bool batched, BoundRequest& bound) {
  bound.clear();
  bound.request = &request;
  Binder binder(request, model, signature, bound);
  Status status = check_request_parameters(request.parameters);
  if (status.ok()) status = binder.match_inputs();
  if (status.ok()) status = binder.check_data_form();
  if (status.ok()) status = binder.bind_inputs();
  if (status.ok()) status = binder.count_rows(batched);
  if (status.ok()) status = binder.match_outputs();
  return status;
}

bool can_share_batch(const BoundRequest& a, const BoundRequest& b) {
  if (a.inputs.size() != b.inputs.size()) return false;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    const Shape& left = a.inputs[i].shape;
    const Shape& right = b.inputs[i].shape;
    if (left.rank == 0 || left.rank != right.rank) return false;
    if (!std::equal(left.begin() + 1, left.end(), right.begin() + 1)) return false;
  }
  return true;
}

void copy_elements(const BoundInput& input, char* out) {
  if (input.elements == 0) return;  // of any datatype, also those that contents cannot hold
  if (!input.is_raw) return copy_contents(*input.typed, input.spec->type, out);
  if (input.spec->type == DataType::BOOL) {
    // ONNX Runtime takes no other bytes than 0 and 1 for a bool.
    for (const char byte : input.raw) *out++ = byte != 0 ? 1 : 0;
    return;
  }
  std::copy(input.raw.begin(), input.raw.end(), out);
}

void append_strings(const BoundInput& input, std::vector<BytesView>& out) {
  if (input.is_raw) {
    append_framed_views(input.raw, out);
  } else {
    append_contents_views(*input.typed, out);
  }
}

}  // namespace tiltyard
