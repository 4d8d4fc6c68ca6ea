#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

#include "record_fixture.h"
#include "ring/record_reader.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint32_t kStride = sizeof(NumberedRecord);
constexpr int kCapacity = RecordBlock::kRecordsBytes / kStride;

std::shared_ptr<RecordPool> pool_of(uint32_t threads, size_t blocks) {
  return std::make_shared<RecordPool>(threads, blocks * kRecordBlockBytes);
}

// Until all blocks have come back; time passes by itself.
void take_all_back(CheckedReader& checked, RecordPool& pool, uint64_t& now_ns) {
  for (int i = 0; i < 8; ++i) {
    checked.take(now_ns += RecordReader::kIdleNs);
    checked.reader->release();
  }
  CHECK(pool.blocks_free() == pool.blocks());
}

}  // namespace

TEST_CASE("a pool has one reader, who gives every thread blocks to begin with") {
  const auto pool = pool_of(3, 1'024);
  CheckedReader checked(pool);
  CHECK(RecordReader::open(pool) == nullptr);
  for (uint32_t i = 0; i < 3; ++i) {
    CHECK(pool->ring(i).free_blocks() == RecordReader::kFreeBlocksMin);
  }
  CHECK(checked.take(1) == 0);
}

TEST_CASE("each record is taken once, and blocks come back only when they were released") {
  const auto pool = pool_of(1, 4);  // two of them may wait to be filled
  CheckedReader checked(pool);
  PlaneWriter writer{5, 0};
  writer.write(pool->ring(0), 3);
  CHECK(checked.take(1) == 3);
  CHECK(checked.take(2) == 0);
  writer.write(pool->ring(0), kCapacity);
  CHECK(checked.take(3) == static_cast<uint64_t>(kCapacity));
  CHECK(pool->blocks_free() == 0);
  checked.reader->release();
  CHECK(pool->blocks_free() == 2);
  CHECK(checked.read_of(writer) == writer.offered);
}

TEST_CASE("a thread that uses many blocks has several times as many then, up to its share") {
  const auto pool = pool_of(2, 1'600);  // a share of 400
  CheckedReader checked(pool);
  PlaneWriter writer{1, 0};
  const auto visit = [&](int blocks) {
    writer.write(pool->ring(0), blocks * kCapacity);
    checked.take(1);
    checked.reader->release();
    return pool->ring(0).free_blocks();
  };
  CHECK(visit(10) == RecordReader::kFreeBlocksMin);
  CHECK(visit(20) == 120);
  CHECK(visit(40) == 240);
  CHECK(visit(67) == 400);
  CHECK(writer.dropped == 0);
  CHECK(visit(401) == 400);
  CHECK(writer.dropped > 0);
  CHECK(pool->ring(1).free_blocks() == RecordReader::kFreeBlocksMin);
}

TEST_CASE("a reader that came late once is awaited longer for some time, and then no more") {
  const auto pool = pool_of(1, 800);
  CheckedReader checked(pool);
  PlaneWriter writer{1, 0};
  const auto visit = [&](int blocks) {
    writer.write(pool->ring(0), blocks * kCapacity);
    checked.take(1);
    checked.reader->release();
    return pool->ring(0).free_blocks();
  };
  CHECK(visit(40) == 240);
  CHECK(visit(15) == 234);
  for (int i = 0; i < 8; ++i) visit(15);
  CHECK(visit(15) == 180);
  for (int i = 0; i < 20; ++i) visit(15);
  CHECK(visit(15) == 90);  // its pace of now
  CHECK(checked.read_of(writer) == writer.offered);
}

TEST_CASE("a block without news comes back, and its plane goes on in another") {
  const auto pool = pool_of(1, 64);
  CheckedReader checked(pool);
  PlaneWriter writer{1, 0};
  uint64_t now_ns = kMs;
  writer.write(pool->ring(0), 1);
  RecordBlock* const block = writer.open.block;
  checked.take(now_ns += RecordReader::kIdleNs);
  writer.write(pool->ring(0), 1);  // news: it rests from here on
  CHECK(checked.take(now_ns += RecordReader::kIdleNs) == 1);
  checked.take(now_ns += RecordReader::kIdleNs - 1);
  CHECK(block->lease.load() != 0);
  checked.take(++now_ns);
  CHECK(block->lease.load() == 0);
  writer.write(pool->ring(0), 3);  // sees that
  CHECK(writer.open.block != block);
  CHECK(checked.take(++now_ns) == 3);
  checked.reader->release();
  CHECK(pool->blocks_free() == pool->blocks() - 1);
  take_all_back(checked, *pool, now_ns);
  CHECK(checked.read_of(writer) == writer.offered);
}

TEST_CASE("what a burst has begun before its block was taken back is not lost") {
  const auto pool = pool_of(1, 64);
  CheckedReader checked(pool);
  PlaneWriter writer{1, 0};
  writer.write(pool->ring(0), 1);
  uint64_t now_ns = kMs;
  CHECK(checked.take(now_ns) == 1);
  {
    RecordBurst burst(pool->ring(0), writer.open, writer.plane, writer.stride);
    checked.take(now_ns += RecordReader::kIdleNs);  // takes it back
    const NumberedRecord record{0, writer.offered++};
    std::memcpy(burst.next(), &record, sizeof record);
    checked.take(now_ns += kMs);  // and must wait for the burst to end
    checked.reader->release();
    CHECK(pool->blocks_free() < pool->blocks());
  }
  CHECK(checked.take(now_ns += kMs) == 1);
  checked.reader->release();
  CHECK(pool->blocks_free() == pool->blocks());
  CHECK(checked.read_of(writer) == writer.offered);
}

TEST_CASE("many planes share few blocks: those that rest give theirs to those that write") {
  constexpr size_t kBlocks = 32, kPlanes = 200;
  const auto pool = pool_of(1, kBlocks);
  CheckedReader checked(pool);
  std::vector<PlaneWriter> writers;
  for (uint64_t i = 0; i < kPlanes; ++i) writers.push_back({i + 1, 0});
  uint64_t now_ns = kMs;
  for (PlaneWriter& writer : writers) {  // each in turn, at the pace of the reader
    writer.write(pool->ring(0), 10);
    checked.take(now_ns += kMs);
    checked.reader->release();
  }
  uint64_t dropped = 0;
  for (const PlaneWriter& writer : writers) {
    CHECK(checked.read_of(writer) + writer.dropped == writer.offered);
    dropped += writer.dropped;
  }
  CHECK(dropped == 0);
  CHECK(pool->blocks() == kBlocks);
}

TEST_CASE("against a model, through random writes, visits and planes that die") {
  std::mt19937 random(11);
  constexpr uint32_t kThreads = 3;
  const auto pool = pool_of(kThreads, 24);
  CheckedReader checked(pool);
  std::vector<PlaneWriter> alive, dead;
  uint64_t now_ns = kMs, plane = 0;
  const auto make = [&] {
    // Sizes as of records with few slots and with many.
    const uint32_t stride = kStride * (random() % 3 == 0 ? 200 : 4);
    return PlaneWriter{++plane, static_cast<uint32_t>(random() % kThreads), stride};
  };
  for (int i = 0; i < 12; ++i) alive.push_back(make());
  for (int step = 0; step < 20'000; ++step) {
    const auto dice = random() % 100;
    PlaneWriter& writer = alive[random() % alive.size()];
    if (dice < 80) {
      writer.write(pool->ring(writer.thread), static_cast<int>(random() % 40));
    } else if (dice < 88) {
      checked.take(now_ns += random() % (200 * kMs));
    } else if (dice < 98) {
      checked.take(now_ns += random() % (200 * kMs));
      checked.reader->release();
    } else {  // its version has died: nobody closes its block
      dead.push_back(writer);
      writer = make();
    }
  }
  take_all_back(checked, *pool, now_ns);
  dead.insert(dead.end(), alive.begin(), alive.end());
  uint64_t dropped = 0;
  for (const PlaneWriter& writer : dead) {
    REQUIRE(checked.read_of(writer) + writer.dropped == writer.offered);
    dropped += writer.dropped;
  }
  CHECK(dropped > 0);  // the pool was too small at times, or this has tested little
  CHECK(dropped == pool->records_dropped());
}

TEST_CASE("threads write, planes die and blocks are taken back under them: nothing is lost") {
  constexpr uint32_t kThreads = 4;
  constexpr int kPlanes = 6, kBursts = 12'000;
  const auto pool = pool_of(kThreads, 64);
  CheckedReader checked(pool);
  std::vector<std::vector<PlaneWriter>> ended(kThreads);
  std::atomic<uint32_t> running{kThreads};
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(thread);
      uint64_t plane = thread * 1'000'000;
      std::vector<PlaneWriter> writers;
      for (int i = 0; i < kPlanes; ++i) writers.push_back({++plane, thread, kStride * 4});
      for (int burst = 0; burst < kBursts; ++burst) {
        PlaneWriter& writer = writers[random() % writers.size()];
        writer.write(pool->ring(thread), static_cast<int>(random() % 8));
        if (random() % 500 != 0) continue;
        ended[thread].push_back(writer);
        writer = {++plane, thread, kStride * 4};
      }
      ended[thread].insert(ended[thread].end(), writers.begin(), writers.end());
      running.fetch_sub(1);
    });
  }
  uint64_t now_ns = kMs;
  while (running.load() > 0) {
    // Every block rests for long enough between two visits, so all are taken back all the time.
    checked.take(now_ns += RecordReader::kIdleNs);
    checked.reader->release();
  }
  for (std::thread& thread : threads) thread.join();
  take_all_back(checked, *pool, now_ns);
  uint64_t offered = 0, dropped = 0;
  for (const std::vector<PlaneWriter>& writers : ended) {
    for (const PlaneWriter& writer : writers) {
      REQUIRE(checked.read_of(writer) + writer.dropped == writer.offered);
      offered += writer.offered;
      dropped += writer.dropped;
    }
  }
  CHECK(dropped == pool->records_dropped());
  CHECK(offered > kThreads * kBursts);
}
