// Whether numbers are numbers: looks for NaN and infinities in raw tensor bytes.
#pragma once

#include <span>

#include "base/bytes.h"
#include "infer/response_encode.h"
#include "infer/tensor.h"

namespace tiltyard {

// Types that are not floating point never have one.
bool has_non_finite(DataType type, BytesView raw);
// In any of a reply's outputs.
bool has_non_finite(std::span<const OutputView> outputs);

}  // namespace tiltyard
