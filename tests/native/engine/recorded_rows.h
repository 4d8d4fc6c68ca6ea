// Plans that record x [N,2] and y [N,2] of a version, and the rows that a reader finds.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "model/model_version.h"
#include "ring/record_reader.h"
#include "stats/record.h"

namespace tiltyard::test {

using PlaneIds = std::array<uint64_t, kRecordPlanes>;

inline std::shared_ptr<const RecordPlan> record_all(ModelVersion& version,
                                                    const PlaneIds& planes = {1, 2, 3, 4}) {
  const std::vector<SlotSpec> slots = {{RecordSide::input, 0, 0},
                                       {RecordSide::input, 0, 1},
                                       {RecordSide::output, 0, 0},
                                       {RecordSide::output, 0, 1}};
  RecordLayout layout;
  const std::string problem =
      RecordLayout::make(version.signature(), version.batch_plan().batchable, slots, layout);
  REQUIRE_MESSAGE(problem.empty(), problem);
  auto plan = std::make_shared<const RecordPlan>(std::move(layout), planes, version.thread_slots());
  version.set_record_plan(plan);
  return plan;
}

struct RecordedRow {
  uint64_t plane = 0;
  RecordHead head;
  std::vector<float> values;  // x0, x1, y0, y1
};

// What was written and not taken before, at a time of no matter.
inline std::vector<RecordedRow> take_rows(RecordReader& reader, uint64_t now_ns = 1) {
  std::vector<RecordSpan> spans;
  reader.take(now_ns, spans);
  std::vector<RecordedRow> rows;
  for (const RecordSpan& span : spans) {
    for (uint32_t i = 0; i < span.records; ++i) {
      const std::byte* const at = span.data + size_t{i} * span.stride;
      RecordedRow& row = rows.emplace_back();
      row.plane = span.plane;
      std::memcpy(&row.head, at, sizeof row.head);
      row.values.resize((span.stride - sizeof row.head) / sizeof(float));
      std::memcpy(row.values.data(), at + sizeof row.head, span.stride - sizeof row.head);
    }
  }
  reader.release();
  return rows;
}

}  // namespace tiltyard::test
