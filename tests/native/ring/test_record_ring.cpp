#include <doctest/doctest.h>

#include "record_fixture.h"
#include "ring/record_ring.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

// A ring with as many blocks as were lent to it, without a reader that decides anything.
struct Lent {
  explicit Lent(size_t blocks) : ring(8) {
    for (size_t i = 0; i < blocks; ++i) {
      owned.push_back(std::make_unique<RecordBlock>());
      ring.lend(owned.back().get(), i + 1);
    }
  }
  RecordRing ring;
  std::vector<std::unique_ptr<RecordBlock>> owned;
};

constexpr uint32_t kStride = sizeof(NumberedRecord);
constexpr uint32_t kCapacity = RecordBlock::kRecordsBytes / kStride;

}  // namespace

TEST_CASE("a block goes to the reader as soon as it is opened, and fills up there") {
  Lent lent(2);
  PlaneWriter writer{7, 3};
  CHECK(lent.ring.take_opened() == nullptr);
  writer.write(lent.ring, 2);
  RecordBlock* const block = lent.ring.take_opened();
  REQUIRE(block == lent.owned[0].get());
  CHECK(block->plane == 7);
  CHECK(block->stride == kStride);
  CHECK(block->capacity == kCapacity);
  CHECK(block->state.load() == 2);
  writer.write(lent.ring, 5);
  CHECK(block->state.load() == 7);
  CHECK(lent.ring.take_opened() == nullptr);
  CHECK(lent.ring.free_blocks() == 1);
}

TEST_CASE("what a burst writes is seen when it ends, all at once") {
  Lent lent(1);
  OpenBlock open;
  {
    RecordBurst burst(lent.ring, open, 1, kStride);
    REQUIRE(burst.next() != nullptr);
    REQUIRE(burst.next() != nullptr);
    RecordBlock* const block = lent.ring.take_opened();
    REQUIRE(block != nullptr);
    CHECK(block->state.load() == 0);
    CHECK_FALSE(lent.ring.is_quiet());
  }
  CHECK(lent.owned[0]->state.load() == 2);
  CHECK(lent.ring.is_quiet());
}

TEST_CASE("a full block is closed at once, and a burst goes on in the next") {
  Lent lent(2);
  PlaneWriter writer{1, 0};
  writer.write(lent.ring, static_cast<int>(kCapacity));
  CHECK(lent.owned[0]->state.load() == (kCapacity | RecordBlock::kClosed));
  CHECK(writer.open.block == nullptr);
  writer.write(lent.ring, 1);
  CHECK(lent.owned[1]->state.load() == 1);

  Lent other(2);
  PlaneWriter long_one{1, 0};
  long_one.write(other.ring, static_cast<int>(kCapacity) + 3);
  CHECK(other.owned[0]->state.load() == (kCapacity | RecordBlock::kClosed));
  CHECK(other.owned[1]->state.load() == 3);
}

TEST_CASE("without a free block a record is dropped and counted, and the next finds one") {
  Lent lent(1);
  PlaneWriter first{1, 0}, second{2, 0};
  first.write(lent.ring, 1);
  second.write(lent.ring, 3);
  CHECK(second.dropped == 3);
  CHECK(lent.ring.dropped() == 3);
  first.write(lent.ring, 1);  // has its block
  CHECK(first.dropped == 0);
  RecordBlock more;
  lent.ring.lend(&more, 99);
  second.write(lent.ring, 1);
  CHECK(second.dropped == 3);
  CHECK(more.state.load() == 1);
  CHECK(more.plane == 2);
}

TEST_CASE("a block that was taken back is never written to again, whoever has it now") {
  Lent lent(3);
  PlaneWriter writer{1, 0};
  writer.write(lent.ring, 4);
  RecordBlock* const block = lent.owned[0].get();
  block->lease.store(0);
  REQUIRE(lent.ring.is_quiet());
  writer.write(lent.ring, 1);
  CHECK(block->state.load() == 4);
  CHECK(lent.owned[1]->state.load() == 1);

  Lent other(0);
  other.ring.lend(block, 50);  // to another thread, as another loan
  PlaneWriter theirs{2, 1};
  theirs.write(other.ring, 2);
  writer.open = {block, 1, 4};  // as if its plane had slept until now
  writer.write(lent.ring, 1);
  CHECK(block->state.load() == 2);
  CHECK(lent.owned[2]->state.load() == 1);
}

TEST_CASE("records of every size fill a block to its end and not beyond") {
  for (const uint32_t stride : {16u, 168u, 176u, 8'224u, 65'408u}) {
    Lent lent(2);
    OpenBlock open;
    const uint32_t capacity = RecordBlock::kRecordsBytes / stride;
    RecordBurst burst(lent.ring, open, 1, stride);
    for (uint32_t i = 0; i < capacity; ++i) {
      std::byte* const at = burst.next();
      REQUIRE(at == lent.owned[0]->records + i * stride);
      REQUIRE(at + stride <= lent.owned[0]->records + RecordBlock::kRecordsBytes);
    }
    CHECK(burst.next() == lent.owned[1]->records);
  }
}
