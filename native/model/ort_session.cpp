#include "model/ort_session.h"

#include <array>

namespace tiltyard {
namespace {

constexpr int kSequential = 0;    // ExecutionMode
constexpr int kOptimizeAll = 99;  // GraphOptimizationLevel
constexpr int kTensor = 1;        // ONNXType

struct ElementType {
  DataType type;
  int ort;
};

constexpr std::array<ElementType, 14> kElementTypes = {{
    {DataType::FP32, 1},
    {DataType::UINT8, 2},
    {DataType::INT8, 3},
    {DataType::UINT16, 4},
    {DataType::INT16, 5},
    {DataType::INT32, 6},
    {DataType::INT64, 7},
    {DataType::BYTES, 8},
    {DataType::BOOL, 9},
    {DataType::FP16, 10},
    {DataType::FP64, 11},
    {DataType::UINT32, 12},
    {DataType::UINT64, 13},
    {DataType::BF16, 16},
}};

const char* onnx_kind(int kind) {
  constexpr std::array<const char*, 7> kKinds = {"unknown",      "tensor",        "sequence", "map",
                                                 "opaque value", "sparse tensor", "optional"};
  return kind >= 0 && kind < static_cast<int>(kKinds.size()) ? kKinds[static_cast<size_t>(kind)]
                                                             : "value";
}

}  // namespace

int ort_element_type(DataType type) {
  for (const ElementType& row : kElementTypes) {
    if (row.type == type) return row.ort;
  }
  return 0;
}

std::optional<DataType> data_type_of(int ort_element_type) {
  for (const ElementType& row : kElementTypes) {
    if (row.ort == ort_element_type) return row.type;
  }
  return std::nullopt;
}

std::unique_ptr<OrtSession> OrtSession::create(OrtRuntime& runtime, BytesView model,
                                               std::span<const ExternalFile> external,
                                               const SessionOptions& options, std::string& what) {
  std::unique_ptr<OrtSession> session(new OrtSession(runtime));
  if (!session->open(model, external, options, what)) return nullptr;
  if (!session->read_signature(what)) return nullptr;
  return session;
}

OrtSession::~OrtSession() {
  if (handle_ != nullptr) runtime_.api().release_session(handle_);
}

bool OrtSession::configure(OrtSessionOptions* to, std::span<const ExternalFile> external,
                           const SessionOptions& options, std::string& what) const {
  const OrtApi& api = runtime_.api();
  const bool configured =
      runtime_.succeeded(api.set_session_execution_mode(to, kSequential), what) &&
      (options.arena || (runtime_.succeeded(api.disable_mem_pattern(to), what) &&
                         runtime_.succeeded(api.disable_cpu_mem_arena(to), what))) &&
      runtime_.succeeded(api.set_graph_optimization_level(to, kOptimizeAll), what) &&
      runtime_.succeeded(api.set_intra_op_num_threads(to, options.intra_op_threads), what) &&
      runtime_.succeeded(api.set_inter_op_num_threads(to, 1), what) &&
      runtime_.succeeded(api.add_session_config_entry(to, "session.intra_op.allow_spinning", "0"),
                         what) &&
      runtime_.succeeded(api.add_session_config_entry(to, "session.inter_op.allow_spinning", "0"),
                         what);
  if (!configured || external.empty()) return configured;
  std::vector<const char*> names;
  std::vector<char*> buffers;
  std::vector<size_t> lengths;
  for (const ExternalFile& file : external) {
    names.push_back(file.name.c_str());
    buffers.push_back(const_cast<char*>(file.bytes.data()));  // the API reads only
    lengths.push_back(file.bytes.size());
  }
  return runtime_.succeeded(api.add_external_initializers_from_files(
                                to, names.data(), buffers.data(), lengths.data(), names.size()),
                            what);
}

bool OrtSession::open(BytesView model, std::span<const ExternalFile> external,
                      const SessionOptions& options, std::string& what) {
  const OrtApi& api = runtime_.api();
  OrtSessionOptions* made = nullptr;
  if (!runtime_.succeeded(api.create_session_options(&made), what)) return false;
  const bool opened =
      configure(made, external, options, what) &&
      runtime_.succeeded(
          api.create_session_from_array(runtime_.env(), model.data(), model.size(), made, &handle_),
          what);
  api.release_session_options(made);
  return opened;
}

bool OrtSession::read_signature(std::string& what) {
  const OrtApi& api = runtime_.api();
  size_t inputs = 0, outputs = 0;
  if (!runtime_.succeeded(api.session_get_input_count(handle_, &inputs), what)) return false;
  if (!runtime_.succeeded(api.session_get_output_count(handle_, &outputs), what)) return false;
  for (size_t i = 0; i < inputs; ++i) {
    if (!read_tensor(true, i, signature_.inputs, what)) return false;
  }
  for (size_t i = 0; i < outputs; ++i) {
    if (!read_tensor(false, i, signature_.outputs, what)) return false;
  }
  for (const TensorSpec& spec : signature_.inputs) input_names_.push_back(spec.name.c_str());
  for (const TensorSpec& spec : signature_.outputs) output_names_.push_back(spec.name.c_str());
  return true;
}

bool OrtSession::read_tensor(bool is_input, size_t index, std::vector<TensorSpec>& specs,
                             std::string& what) {
  const OrtApi& api = runtime_.api();
  char* name = nullptr;
  OrtTypeInfo* type_info = nullptr;
  if (!runtime_.succeeded((is_input ? api.session_get_input_name : api.session_get_output_name)(
                              handle_, index, runtime_.allocator(), &name),
                          what)) {
    return false;
  }
  TensorSpec spec;
  spec.name = name;
  std::string ignored;
  (void)runtime_.succeeded(api.allocator_free(runtime_.allocator(), name), ignored);
  if (!runtime_.succeeded((is_input ? api.session_get_input_type_info
                                    : api.session_get_output_type_info)(handle_, index, &type_info),
                          what)) {
    return false;
  }
  const bool read = read_spec(type_info, spec, what);
  api.release_type_info(type_info);
  if (!read) {
    what = std::string(is_input ? "input '" : "output '") + spec.name + "' " + what;
    return false;
  }
  specs.push_back(std::move(spec));
  return true;
}

bool OrtSession::read_spec(const OrtTypeInfo* type_info, TensorSpec& spec,
                           std::string& what) const {
  const OrtApi& api = runtime_.api();
  int kind = 0;
  if (!runtime_.succeeded(api.get_onnx_type_from_type_info(type_info, &kind), what)) return false;
  if (kind != kTensor) {
    what = std::string("is a ") + onnx_kind(kind) + "; only tensors can be served";
    return false;
  }
  const OrtTensorTypeAndShapeInfo* info = nullptr;  // owned by type_info
  int element_type = 0;
  size_t rank = 0;
  if (!runtime_.succeeded(api.cast_type_info_to_tensor_info(type_info, &info), what) ||
      !runtime_.succeeded(api.get_tensor_element_type(info, &element_type), what) ||
      !runtime_.succeeded(api.get_dimensions_count(info, &rank), what)) {
    return false;
  }
  const std::optional<DataType> type = data_type_of(element_type);
  if (!type) {
    what = "has ONNX element type " + std::to_string(element_type) +
           ", for which the protocol has no datatype";
    return false;
  }
  if (rank > static_cast<size_t>(kTensorRankMax)) {
    what = "has rank " + std::to_string(rank) + "; at most " + std::to_string(kTensorRankMax) +
           " is supported";
    return false;
  }
  spec.type = *type;
  spec.shape.rank = static_cast<uint8_t>(rank);
  std::array<const char*, kTensorRankMax> symbols{};
  if (!runtime_.succeeded(api.get_dimensions(info, spec.shape.dims.data(), rank), what) ||
      !runtime_.succeeded(api.get_symbolic_dimensions(info, symbols.data(), rank), what)) {
    return false;
  }
  for (size_t i = 0; i < rank; ++i) {
    if (spec.shape.dims[i] < 0) spec.shape.dims[i] = -1;
    spec.symbols.emplace_back(symbols[i] == nullptr ? "" : symbols[i]);
  }
  return true;
}

bool OrtSession::run(std::span<const OrtValue* const> inputs, std::span<OrtValue*> outputs,
                     std::string& what) const {
  return runtime_.succeeded(
      runtime_.api().run(handle_, nullptr, input_names_.data(), inputs.data(), inputs.size(),
                         output_names_.data(), outputs.size(), outputs.data()),
      what);
}

}  // namespace tiltyard
