#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace tiltyard {

void invariant_broken(const char* sentence, const char* file, int line) {
  std::fprintf(stderr, "tiltyard: broken invariant at %s:%d: %s\n", file, line, sentence);
  std::abort();
}

}  // namespace tiltyard
