// The BYTES framing of raw tensors: a 4-byte little-endian length before each element.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace tiltyard {

enum class BytesFraming : uint8_t { ok, truncated_length, truncated_element, wrong_count };

// Checks that `raw` holds exactly `elements` framed elements.
BytesFraming check_framed_bytes(BytesView raw, int64_t elements);
// What is wrong with `raw`, for the sentence; `raw` has failed check_framed_bytes.
std::string framing_problem(BytesView raw, int64_t elements);
// Appends a view for each element of checked `raw`.
void append_framed_views(BytesView raw, std::vector<BytesView>& out);
void append_framed(BytesView element, Bytes& out);

}  // namespace tiltyard
