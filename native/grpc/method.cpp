#include "grpc/method.h"

#include <array>

namespace tiltyard {
namespace {

constexpr BytesView kInferPath = "/inference.GRPCInferenceService/ModelInfer";

constexpr const char* kNoModelControl =
    "models are loaded and unloaded on this port only when the gateway runs with "
    "--allow-model-control";
constexpr const char* kNoSharedMemory =
    "shared memory is not supported; send tensors in raw_input_contents";
constexpr const char* kNoTrace = "tracing is not set over this port";
constexpr const char* kNoLog = "logging is not set over this port";

constexpr std::array<MethodRow, 24> kMethods = {{
    {kInferPath, Method::model_infer, false, nullptr},
    {"/inference.GRPCInferenceService/ModelStreamInfer", Method::model_stream_infer, true, nullptr},
    {"/inference.GRPCInferenceService/ServerLive", Method::server_live, false, nullptr},
    {"/inference.GRPCInferenceService/ServerReady", Method::server_ready, false, nullptr},
    {"/inference.GRPCInferenceService/ModelReady", Method::model_ready, false, nullptr},
    {"/inference.GRPCInferenceService/ServerMetadata", Method::server_metadata, false, nullptr},
    {"/inference.GRPCInferenceService/ModelMetadata", Method::model_metadata, false, nullptr},
    {"/inference.GRPCInferenceService/ModelConfig", Method::model_config, false, nullptr},
    {"/inference.GRPCInferenceService/RepositoryIndex", Method::repository_index, false, nullptr},
    {"/inference.GRPCInferenceService/ModelStatistics", Method::model_statistics, false, nullptr},
    {"/inference.GRPCInferenceService/RepositoryModelLoad", Method::model_control, false,
     kNoModelControl},
    {"/inference.GRPCInferenceService/RepositoryModelUnload", Method::model_control, false,
     kNoModelControl},
    {"/inference.GRPCInferenceService/SystemSharedMemoryStatus", Method::unimplemented, false,
     kNoSharedMemory},
    {"/inference.GRPCInferenceService/SystemSharedMemoryRegister", Method::unimplemented, false,
     kNoSharedMemory},
    {"/inference.GRPCInferenceService/SystemSharedMemoryUnregister", Method::unimplemented, false,
     kNoSharedMemory},
    {"/inference.GRPCInferenceService/CudaSharedMemoryStatus", Method::unimplemented, false,
     kNoSharedMemory},
    {"/inference.GRPCInferenceService/CudaSharedMemoryRegister", Method::unimplemented, false,
     kNoSharedMemory},
    {"/inference.GRPCInferenceService/CudaSharedMemoryUnregister", Method::unimplemented, false,
     kNoSharedMemory},
    {"/inference.GRPCInferenceService/TraceSetting", Method::unimplemented, false, kNoTrace},
    {"/inference.GRPCInferenceService/LogSettings", Method::unimplemented, false, kNoLog},
    {"/grpc.health.v1.Health/Check", Method::health_check, false, nullptr},
    {"/grpc.health.v1.Health/Watch", Method::health_watch, false, nullptr},
    {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Method::reflection_v1, true,
     nullptr},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Method::reflection_v1alpha,
     true, nullptr},
}};

}  // namespace

const MethodRow& find_method(BytesView path) {
  for (const MethodRow& row : kMethods) {
    if (row.path == path) return row;
  }
  return kUnknownMethod;
}

}  // namespace tiltyard
