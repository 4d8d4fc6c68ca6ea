// When a server that is just starting gave its first right answer.
#pragma once

#include <cstdint>
#include <string>

#include "load/connection.h"
#include "load/options.h"

namespace tiltyard::load {

struct FirstAnswer {
  uint64_t connected_ns = 0;  // CLOCK_MONOTONIC, as the harness notes the start of the process
  uint64_t right_ns = 0;
  uint64_t attempts = 0;  // requests sent, the right one included
};

// Connects as soon as somebody listens and asks the first question of `corpus` again and again.
// The returned sentence is empty when a right answer came within `options.connect_s`.
std::string wait_for_first_answer(const Options& options, const Target& target, Corpus& corpus,
                                  FirstAnswer& answer);

}  // namespace tiltyard::load
