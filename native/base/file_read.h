// Reading a large file so that nobody else has to wait for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tiltyard {

// Reads `size` bytes from where the file stands: how many there were, fewer at its end, or an errno
// as a negative number.
int64_t read_in_pieces(int file, char* into, size_t size);

}  // namespace tiltyard
