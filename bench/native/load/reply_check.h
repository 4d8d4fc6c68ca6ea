// Compares a ModelInferResponse with the one that was expected, value by value.
#pragma once

#include <string>
#include <string_view>

namespace tiltyard::load {

// The returned sentence is empty when every expected output came with its datatype, shape and
// values (FP32 and FP64 within `tolerance`, absolute; anything else, and tolerance 0, bit for bit).
// Otherwise it says what differs. Outputs may come in another order; further outputs are wrong.
std::string check_reply(std::string_view expected, std::string_view reply, double tolerance);

}  // namespace tiltyard::load
