// The one JSON object a run prints.
#pragma once

#include <string>

#include "load/corpus.h"
#include "load/options.h"
#include "load/tally.h"

namespace tiltyard::load {

std::string report_json(const Options& options, const Corpus& corpus, const Tally& tally,
                        const WindowCost& cost);

// `text` as a JSON string, quotes included; bytes that are not printable ASCII become '?'.
std::string json_string(const std::string& text);

}  // namespace tiltyard::load
