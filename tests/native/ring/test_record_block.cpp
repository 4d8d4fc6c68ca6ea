#include <doctest/doctest.h>

#include <memory>

#include "ring/record_block.h"

using namespace tiltyard;

TEST_CASE("a block's head is on lines of its own, one for each who writes") {
  const auto block = std::make_unique<RecordBlock>();
  const auto line_of = [&](const void* at) {
    return (reinterpret_cast<uintptr_t>(at) - reinterpret_cast<uintptr_t>(block.get())) /
           kCacheLineBytes;
  };
  CHECK(line_of(&block->lease) == 0);
  for (const void* producers :
       {static_cast<const void*>(&block->state), static_cast<const void*>(&block->capacity),
        static_cast<const void*>(&block->plane)}) {
    CHECK(line_of(producers) == 1);
  }
  CHECK(line_of(block->records) == RecordBlock::kHeadBytes / kCacheLineBytes);
  CHECK(sizeof block->records == RecordBlock::kRecordsBytes);
}
