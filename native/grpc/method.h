// The RPCs this port answers, by their HTTP/2 path.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tiltyard {

enum class Method : uint8_t {
  unknown,        // no such path
  unimplemented,  // in the service, and answered UNIMPLEMENTED with a sentence
  model_infer,
  model_stream_infer,
  server_live,
  server_ready,
  model_ready,
  server_metadata,
  model_metadata,
  model_config,
  repository_index,
  model_statistics,
  model_control,  // Triton's load and unload; `unimplemented` unless the gateway allows it
  health_check,
  health_watch,
  reflection_v1,
  reflection_v1alpha,
};

struct MethodRow {
  BytesView path;
  Method method;
  bool client_streams;   // many request messages
  const char* sentence;  // why it is unimplemented, where it is; null otherwise
};

inline constexpr MethodRow kUnknownMethod = {"", Method::unknown, false, nullptr};

// The row of `path`; its method is `unknown` where there is none. Lives for ever.
const MethodRow& find_method(BytesView path);

}  // namespace tiltyard
