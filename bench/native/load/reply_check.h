// Compares a ModelInferResponse with the one that was expected, value by value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tiltyard::load {

// How close is right. FP32 and FP64 values may be off by `tolerance`, absolute; any other type, and
// tolerance 0, is compared bit for bit. With `any_rank` shapes lose their dimensions of 1 first:
// Triton cannot say [N] for the output of a model that it batches, it says [N, 1].
struct ReplyRule {
  double tolerance = 0;
  bool any_rank = false;
};

// The returned sentence is empty when every expected output came with its datatype, shape and
// values, and no other output did; otherwise it says what differs. The order does not matter.
std::string check_reply(std::string_view expected, std::string_view reply, const ReplyRule& rule);

// What a ModelInferResponse says as its model_version; none when it is no such message.
std::optional<std::string> version_of(std::string_view reply);

}  // namespace tiltyard::load
