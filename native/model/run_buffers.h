// The memory one thread runs one version in: input and output buffers, and the OrtValues over them,
// kept for each row count that has been seen. Owned by the version, used by one thread.
#pragma once

namespace tiltyard {

class RunBuffers {};  // contract only: the helper that owns model/ writes it

}  // namespace tiltyard
