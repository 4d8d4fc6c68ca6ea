// What may be in the `parameters` of a request, of an input and of a requested output.
//
// Names that the protocol reserves must have their type; what they ask for and this gateway does
// not do is refused rather than ignored. Any other parameter with a value is the caller's own.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "infer/request_decode.h"

namespace tiltyard {

Status check_request_parameters(const std::vector<ParameterView>& parameters);
// `name` is the input's or the output's, for the sentences.
Status check_input_parameters(BytesView name, const std::vector<ParameterView>& parameters);
Status check_output_parameters(BytesView name, const std::vector<ParameterView>& parameters);

}  // namespace tiltyard
