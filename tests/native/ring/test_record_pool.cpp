#include <doctest/doctest.h>

#include "ring/record_pool.h"

using namespace tiltyard;

TEST_CASE("a pool allocates up to its limit, and uses again what it was given back") {
  RecordPool pool(2, 3 * kRecordBlockBytes + 1);
  CHECK(pool.threads() == 2);
  CHECK(pool.blocks_max() == 3);
  CHECK(pool.blocks() == 0);
  RecordBlock* const first = pool.take_spare();
  RecordBlock* const second = pool.take_spare();
  REQUIRE(pool.take_spare() != nullptr);
  CHECK(pool.take_spare() == nullptr);
  CHECK(pool.blocks() == 3);
  CHECK(pool.bytes() == 3 * kRecordBlockBytes);
  CHECK(pool.blocks_free() == 0);
  pool.give_back(second);
  CHECK(pool.blocks_free() == 1);
  pool.ring(1).lend(first, pool.next_lease());
  CHECK(pool.blocks_free() == 2);
  CHECK(pool.take_spare() == second);
  CHECK(pool.blocks_free() == 1);
}

TEST_CASE("a limit below a block is one block") {
  RecordPool pool(1, 1);
  CHECK(pool.blocks_max() == 1);
  CHECK(pool.take_spare() != nullptr);
  CHECK(pool.take_spare() == nullptr);
}

TEST_CASE("a pool has one reader, and leases are numbers of their own") {
  RecordPool pool(1, kRecordBlockBytes);
  CHECK(pool.claim());
  CHECK_FALSE(pool.claim());
  const uint64_t lease = pool.next_lease();
  CHECK(lease > 0);
  CHECK(pool.next_lease() > lease);
}

TEST_CASE("drops are summed over the threads") {
  RecordPool pool(3, kRecordBlockBytes);
  for (const uint32_t thread : {0u, 2u, 2u}) {
    OpenBlock open;
    RecordBurst burst(pool.ring(thread), open, 1, 64);
    CHECK(burst.next() == nullptr);
  }
  CHECK(pool.records_dropped() == 3);
}
