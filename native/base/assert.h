// Broken invariants end the process with a sentence; mistakes of a client never come here.
#pragma once

namespace tiltyard {
[[noreturn]] void invariant_broken(const char* sentence, const char* file, int line);
}  // namespace tiltyard

#define TILTYARD_ASSERT(condition, sentence) \
  (__builtin_expect(!!(condition), 1)        \
       ? static_cast<void>(0)                \
       : ::tiltyard::invariant_broken(sentence, __FILE__, __LINE__))
