#include "base/file_read.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tiltyard {

int64_t read_in_pieces(int file, char* into, size_t size) {
  // While the kernel copies, its core may do nothing else: asked for all at once, Linux copies up
  // to fifteen folios of 2 MB before it looks, which was 10 ms in an io thread's way.
  constexpr size_t kPieceBytes = 64 * 1024;
  size_t done = 0;
  while (done < size) {
    const ssize_t got = read(file, into + done, std::min(kPieceBytes, size - done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    done += static_cast<size_t>(got);
  }
  return static_cast<int64_t>(done);
}

}  // namespace tiltyard
