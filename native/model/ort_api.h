// The few slots of ONNX Runtime's C API that are used, with their index in its table.
#pragma once

#include <string>

#include "base/status.h"

struct OrtValue;

namespace tiltyard {

struct OrtSession_;

class OrtRuntime {
 public:
  // dlopens `library` and checks version and slots. One for the process; never closed.
  static Status open(const std::string& library, OrtRuntime*& out);
};

}  // namespace tiltyard
