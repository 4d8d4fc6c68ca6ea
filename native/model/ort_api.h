// The few slots of ONNX Runtime's C API that are used, with their index in its table.
//
// The library is the one inside the installed `onnxruntime` wheel, opened at run time; no header of
// it is needed. The table of function pointers only ever grows at its end, so an index stays right.
// A line is SLOT(index, name, result, arguments); a null OrtStatus* means success.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"

struct OrtAllocator;
struct OrtEnv;
struct OrtMemoryInfo;
struct OrtRunOptions;
struct OrtSession;
struct OrtSessionOptions;
struct OrtStatus;
struct OrtTensorTypeAndShapeInfo;
struct OrtTypeInfo;
struct OrtValue;

namespace tiltyard {

using OrtLogFunction = void (*)(void* self, int severity, const char* category, const char* id,
                                const char* where, const char* message);

#define TILTYARD_ORT_SLOTS(SLOT)                                                                   \
  SLOT(2, get_error_message, const char*, (const OrtStatus*))                                      \
  SLOT(4, create_env_with_custom_logger, OrtStatus*,                                               \
       (OrtLogFunction, void* self, int severity_min, const char* id, OrtEnv**))                   \
  SLOT(6, disable_telemetry_events, OrtStatus*, (const OrtEnv*))                                   \
  SLOT(8, create_session_from_array, OrtStatus*,                                                   \
       (const OrtEnv*, const void* model, size_t bytes, const OrtSessionOptions*, ::OrtSession**)) \
  SLOT(9, run, OrtStatus*,                                                                         \
       (::OrtSession*, const OrtRunOptions*, const char* const* input_names,                       \
        const OrtValue* const* inputs, size_t input_count, const char* const* output_names,        \
        size_t output_count, OrtValue** outputs))                                                  \
  SLOT(10, create_session_options, OrtStatus*, (OrtSessionOptions**))                              \
  SLOT(13, set_session_execution_mode, OrtStatus*, (OrtSessionOptions*, int mode))                 \
  SLOT(17, disable_mem_pattern, OrtStatus*, (OrtSessionOptions*))                                  \
  SLOT(19, disable_cpu_mem_arena, OrtStatus*, (OrtSessionOptions*))                                \
  SLOT(23, set_graph_optimization_level, OrtStatus*, (OrtSessionOptions*, int level))              \
  SLOT(24, set_intra_op_num_threads, OrtStatus*, (OrtSessionOptions*, int threads))                \
  SLOT(25, set_inter_op_num_threads, OrtStatus*, (OrtSessionOptions*, int threads))                \
  SLOT(30, session_get_input_count, OrtStatus*, (const ::OrtSession*, size_t*))                    \
  SLOT(31, session_get_output_count, OrtStatus*, (const ::OrtSession*, size_t*))                   \
  SLOT(33, session_get_input_type_info, OrtStatus*,                                                \
       (const ::OrtSession*, size_t index, OrtTypeInfo**))                                         \
  SLOT(34, session_get_output_type_info, OrtStatus*,                                               \
       (const ::OrtSession*, size_t index, OrtTypeInfo**))                                         \
  SLOT(36, session_get_input_name, OrtStatus*,                                                     \
       (const ::OrtSession*, size_t index, OrtAllocator*, char**))                                 \
  SLOT(37, session_get_output_name, OrtStatus*,                                                    \
       (const ::OrtSession*, size_t index, OrtAllocator*, char**))                                 \
  SLOT(48, create_tensor_as_ort_value, OrtStatus*,                                                 \
       (OrtAllocator*, const int64_t* shape, size_t rank, int type, OrtValue**))                   \
  SLOT(49, create_tensor_with_data, OrtStatus*,                                                    \
       (const OrtMemoryInfo*, void* data, size_t bytes, const int64_t* shape, size_t rank,         \
        int type, OrtValue**))                                                                     \
  SLOT(50, is_tensor, OrtStatus*, (const OrtValue*, int* out))                                     \
  SLOT(51, get_tensor_mutable_data, OrtStatus*, (OrtValue*, void**))                               \
  SLOT(53, get_string_tensor_data_length, OrtStatus*, (const OrtValue*, size_t*))                  \
  SLOT(54, get_string_tensor_content, OrtStatus*,                                                  \
       (const OrtValue*, void* to, size_t bytes, size_t* offsets, size_t offset_count))            \
  SLOT(55, cast_type_info_to_tensor_info, OrtStatus*,                                              \
       (const OrtTypeInfo*, const OrtTensorTypeAndShapeInfo**))                                    \
  SLOT(56, get_onnx_type_from_type_info, OrtStatus*, (const OrtTypeInfo*, int*))                   \
  SLOT(60, get_tensor_element_type, OrtStatus*, (const OrtTensorTypeAndShapeInfo*, int*))          \
  SLOT(61, get_dimensions_count, OrtStatus*, (const OrtTensorTypeAndShapeInfo*, size_t*))          \
  SLOT(62, get_dimensions, OrtStatus*,                                                             \
       (const OrtTensorTypeAndShapeInfo*, int64_t* dims, size_t rank))                             \
  SLOT(63, get_symbolic_dimensions, OrtStatus*,                                                    \
       (const OrtTensorTypeAndShapeInfo*, const char** names, size_t rank))                        \
  SLOT(65, get_tensor_type_and_shape, OrtStatus*, (const OrtValue*, OrtTensorTypeAndShapeInfo**))  \
  SLOT(69, create_cpu_memory_info, OrtStatus*,                                                     \
       (int allocator_type, int memory_type, OrtMemoryInfo**))                                     \
  SLOT(76, allocator_free, OrtStatus*, (OrtAllocator*, void*))                                     \
  SLOT(78, get_allocator_with_default_options, OrtStatus*, (OrtAllocator**))                       \
  SLOT(93, release_status, void, (OrtStatus*))                                                     \
  SLOT(95, release_session, void, (::OrtSession*))                                                 \
  SLOT(96, release_value, void, (OrtValue*))                                                       \
  SLOT(98, release_type_info, void, (OrtTypeInfo*))                                                \
  SLOT(99, release_tensor_type_and_shape_info, void, (OrtTensorTypeAndShapeInfo*))                 \
  SLOT(100, release_session_options, void, (OrtSessionOptions*))                                   \
  SLOT(130, add_session_config_entry, OrtStatus*,                                                  \
       (OrtSessionOptions*, const char* key, const char* value))                                   \
  SLOT(192, has_value, OrtStatus*, (const OrtValue*, int* out))                                    \
  SLOT(252, get_resized_string_element_buffer, OrtStatus*,                                         \
       (OrtValue*, size_t index, size_t bytes, char** buffer))                                     \
  SLOT(279, add_external_initializers_from_files, OrtStatus*,                                      \
       (OrtSessionOptions*, const char* const* names, char* const* buffers, const size_t* lengths, \
        size_t count))

// The first version of the API that has all of them.
inline constexpr uint32_t kOrtApiVersion = 18;

struct OrtApi {
#define TILTYARD_ORT_FIELD(index, name, result, arguments) result(*name) arguments = nullptr;
  TILTYARD_ORT_SLOTS(TILTYARD_ORT_FIELD)
#undef TILTYARD_ORT_FIELD
};

// Fills `api` from the library's table; the names of slots that hold nothing, "a, b", or "".
std::string read_slots(const void* const* table, OrtApi& api);

// The library, its one environment, and what every session shares. One for the process; never
// closed.
class OrtRuntime {
 public:
  // Opens `library` and checks its version and slots. Switches its telemetry off before it is
  // opened, so that it writes no file and sends nothing. Opening the same library again gives the
  // same runtime.
  static Status open(const std::string& library, OrtRuntime*& out);

  const OrtApi& api() const { return api_; }
  const OrtEnv* env() const { return env_; }
  const OrtMemoryInfo* cpu_memory() const { return cpu_memory_; }
  OrtAllocator* allocator() const { return allocator_; }
  const std::string& version() const { return version_; }

  // True on success. Else takes ONNX Runtime's words into `what` and releases `status`.
  bool succeeded(OrtStatus* status, std::string& what) const;

 private:
  OrtRuntime() = default;
  Status start(const std::string& library);

  OrtApi api_;
  std::string version_;
  OrtEnv* env_ = nullptr;
  OrtMemoryInfo* cpu_memory_ = nullptr;
  OrtAllocator* allocator_ = nullptr;
};

}  // namespace tiltyard
