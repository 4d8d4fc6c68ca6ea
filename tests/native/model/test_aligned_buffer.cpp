#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>

#include "model/aligned_buffer.h"

using namespace tiltyard;

namespace {

bool is_aligned(const char* data) {
  return reinterpret_cast<uintptr_t>(data) % kTensorAlignBytes == 0;
}

}  // namespace

TEST_CASE("memory is aligned, all of it can be written, and even nothing has an address") {
  for (const size_t bytes : {0, 1, 63, 64, 65, 1'000, 1'000'000}) {
    AlignedBuffer buffer;
    char* const data = buffer.reserve(bytes);
    REQUIRE(data != nullptr);
    CHECK(is_aligned(data));
    CHECK(buffer.bytes() > bytes);
    std::memset(data, 1, bytes);
  }
}

TEST_CASE("a buffer grows and never shrinks by itself; what fits stays where it is") {
  AlignedBuffer buffer;
  char* const first = buffer.reserve(1'000);
  CHECK(buffer.reserve(10) == first);
  CHECK(buffer.reserve(1'000) == first);
  CHECK(is_aligned(buffer.reserve(100'000)));
  CHECK(buffer.bytes() >= 100'000);
  buffer.reserve(1);
  CHECK(buffer.bytes() >= 100'000);
}

TEST_CASE("what was released can be reserved again") {
  AlignedBuffer buffer;
  buffer.reserve(1'000);
  buffer.release();
  CHECK(buffer.data() == nullptr);
  CHECK(buffer.bytes() == 0);
  CHECK(is_aligned(buffer.reserve(5)));
}
