// Compares a ModelInferResponse with the one that was expected, value by value.
#pragma once

#include <string>
#include <string_view>

namespace tiltyard::load {

// The returned sentence is empty when every expected output came with its datatype, shape and
// values (FP32 and FP64 within the tolerance, absolute; anything else, and tolerance 0, bit for
// bit). Otherwise it says what differs. Outputs may come in another order; further outputs are
// wrong. With `any_rank` shapes are compared without their dimensions of 1: Triton cannot say [N]
// for the output of a model that it batches, it says [N, 1].
struct ReplyRule {
  double tolerance = 0;
  bool any_rank = false;
};

std::string check_reply(std::string_view expected, std::string_view reply, const ReplyRule& rule);

}  // namespace tiltyard::load
