#include "model/run_buffers.h"

namespace tiltyard {

size_t row_bytes_of(const TensorSpec& spec, const Shape& shape) {
  if (shape.rank == 0) return 0;
  size_t bytes = element_bytes(spec.type);
  for (size_t i = 1; i < shape.rank; ++i) {
    if (shape[i] < 0) return 0;
    bytes *= static_cast<size_t>(shape[i]);
  }
  return bytes;
}

Shape with_rows(const Shape& shape, int64_t rows) {
  Shape out = shape;
  out.dims[0] = rows;
  return out;
}

}  // namespace tiltyard
