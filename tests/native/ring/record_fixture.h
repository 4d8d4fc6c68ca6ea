// Threads that write numbered records of planes, and a reader that checks what arrives.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "ring/record_reader.h"

namespace tiltyard::test {

// As small as a record may be: a block has thousands of them.
struct NumberedRecord {
  uint64_t thread;
  uint64_t number;
};

// What one thread writes of one plane; number `offered` is the next.
struct PlaneWriter {
  uint64_t plane = 0;
  uint32_t thread = 0;
  uint32_t stride = sizeof(NumberedRecord);
  OpenBlock open = {};
  uint64_t offered = 0;
  uint64_t dropped = 0;

  // Writes so many rows as one burst.
  void write(RecordRing& ring, int rows) {
    RecordBurst burst(ring, open, plane, stride);
    for (int i = 0; i < rows; ++i) {
      const NumberedRecord record{thread, offered++};
      std::byte* const at = burst.next();
      if (at == nullptr) {
        ++dropped;
        continue;
      }
      // All of the stride is the record's.
      for (uint32_t byte = 0; byte < stride; byte += sizeof record) {
        std::memcpy(at + byte, &record, sizeof record);
      }
    }
  }
};

// Takes what was written and checks that each record is whole and comes after the one before it.
struct CheckedReader {
  explicit CheckedReader(std::shared_ptr<RecordPool> pool)
      : reader(RecordReader::open(std::move(pool))) {
    REQUIRE(reader != nullptr);
  }

  uint64_t take(uint64_t now_ns) {
    spans.clear();
    reader->take(now_ns, spans);
    uint64_t taken = 0;
    for (const RecordSpan& span : spans) {
      for (uint32_t i = 0; i < span.records; ++i) check(span, i);
      taken += span.records;
    }
    return taken;
  }
  void check(const RecordSpan& span, uint32_t index) {
    NumberedRecord record{};
    const std::byte* const at = span.data + size_t{index} * span.stride;
    std::memcpy(&record, at, sizeof record);
    for (uint32_t byte = 0; byte < span.stride; byte += sizeof record) {
      REQUIRE(std::memcmp(at + byte, &record, sizeof record) == 0);
    }
    auto& [read, next] = seen[{record.thread, span.plane}];
    REQUIRE(record.number >= next);
    next = record.number + 1;
    ++read;
  }
  // Records read of what was written.
  uint64_t read_of(const PlaneWriter& writer) { return seen[{writer.thread, writer.plane}].first; }

  std::unique_ptr<RecordReader> reader;
  std::vector<RecordSpan> spans;
  // (records read, the smallest number that may come) by thread and plane
  std::map<std::pair<uint64_t, uint64_t>, std::pair<uint64_t, uint64_t>> seen;
};

}  // namespace tiltyard::test
