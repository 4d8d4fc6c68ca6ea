// Engine options by name, for callers that have them as text: one table of limits.h's names.
#pragma once

#include <cstdint>
#include <string>

#include "engine/shared.h"

namespace tiltyard {

// Sets the option called `name`. False: there is none of that name, or the value does not fit it.
bool set_engine_option(EngineOptions& options, const std::string& name, uint64_t value);

// What keeps an engine from running with these options, in a sentence; empty: nothing.
std::string engine_options_problem(const EngineOptions& options);

}  // namespace tiltyard
