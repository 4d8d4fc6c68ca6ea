#include "model/ort_api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

namespace tiltyard {
namespace {

// OrtApiBase: the one struct of the library that is not reached by index.
struct ApiBase {
  const void* const* (*get_api)(uint32_t version);
  const char* (*get_version)();
};

constexpr int kLogErrors = 3;  // OrtLoggingLevel
constexpr int kDeviceAllocator = 0;
constexpr int kDefaultMemory = 0;

// Errors come back as OrtStatus; what the library would print besides is not for our output.
void log_nothing(void*, int, const char*, const char*, const char*, const char*) {}

Status open_error(const std::string& library, const std::string& what) {
  return make_error(Error::onnxruntime, {library, what});
}

template <typename Function>
void read_slot(const void* const* table, int index, const char* name, Function& out,
               std::string& missing) {
  out = reinterpret_cast<Function>(const_cast<void*>(table[index]));
  if (out == nullptr) missing.append(missing.empty() ? "" : ", ").append(name);
}

}  // namespace

std::string read_slots(const void* const* table, OrtApi& api) {
  std::string missing;
#define TILTYARD_ORT_READ(index, name, result, arguments) \
  read_slot(table, index, #name, api.name, missing);
  TILTYARD_ORT_SLOTS(TILTYARD_ORT_READ)
#undef TILTYARD_ORT_READ
  return missing;
}

Status OrtRuntime::open(const std::string& library, OrtRuntime*& out) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<OrtRuntime>>* const opened =
      new std::map<std::string, std::unique_ptr<OrtRuntime>>();
  const std::lock_guard lock(mutex);
  std::unique_ptr<OrtRuntime>& runtime = (*opened)[library];
  if (runtime == nullptr) {
    std::unique_ptr<OrtRuntime> made(new OrtRuntime());
    if (Status status = made->start(library); !status.ok()) return status;
    runtime = std::move(made);
  }
  out = runtime.get();
  return {};
}

Status OrtRuntime::start(const std::string& library) {
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);  // read while the library is opened
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return open_error(library, dlerror());
  const auto get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) return open_error(library, "it has no OrtGetApiBase");
  version_ = get_base()->get_version();
  const void* const* table = get_base()->get_api(kOrtApiVersion);
  if (table == nullptr) {
    return open_error(library, "version " + version_ + " is too old: API " +
                                   std::to_string(kOrtApiVersion) + " is needed");
  }
  if (const std::string missing = read_slots(table, api_); !missing.empty()) {
    return open_error(library, "version " + version_ + " has no " + missing);
  }
  std::string what;
  if (!succeeded(
          api_.create_env_with_custom_logger(log_nothing, nullptr, kLogErrors, "tiltyard", &env_),
          what) ||
      !succeeded(api_.disable_telemetry_events(env_), what) ||
      !succeeded(api_.create_cpu_memory_info(kDeviceAllocator, kDefaultMemory, &cpu_memory_),
                 what) ||
      !succeeded(api_.get_allocator_with_default_options(&allocator_), what)) {
    return open_error(library, what);
  }
  return {};
}

bool OrtRuntime::succeeded(OrtStatus* status, std::string& what) const {
  if (status == nullptr) return true;
  what = api_.get_error_message(status);
  api_.release_status(status);
  return false;
}

}  // namespace tiltyard
