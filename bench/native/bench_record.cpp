// What recording a row of W1 costs the thread that serves it: 30 FP32 features, two scores and a
// label, from the bound request to the block, with the reader's share of it.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/recorder.h"
#include "report.h"
#include "ring/record_reader.h"

using namespace tiltyard;

namespace {

constexpr int kBurst = 64;
constexpr int kRepeats = 2'000;
constexpr uint32_t kFeatures = 30;

Shape shape_of(int64_t rows, int64_t columns) {
  Shape shape;
  shape.dims[0] = rows;
  shape.dims[1] = columns;
  shape.rank = 2;
  return shape;
}

Signature signature_of_w1() {
  return {{{"X", DataType::FP32, shape_of(-1, kFeatures), {}}},
          {{"label", DataType::INT64, shape_of(-1, 1), {}},
           {"probabilities", DataType::FP32, shape_of(-1, 2), {}}}};
}

std::vector<SlotSpec> slots_of_w1() {
  std::vector<SlotSpec> slots;
  for (uint32_t i = 0; i < kFeatures; ++i) slots.push_back({RecordSide::input, 0, i});
  slots.push_back({RecordSide::output, 1, 0});
  slots.push_back({RecordSide::output, 1, 1});
  slots.push_back({RecordSide::output, 0, 0});
  return slots;
}

// A request of `rows` rows, and its answer.
struct Answered {
  Answered(const Signature& signature, int64_t rows)
      : values(static_cast<size_t>(rows) * kFeatures * 4, '\x3f'),
        labels(static_cast<size_t>(rows) * 8, '\0'),
        scores(static_cast<size_t>(rows) * 8, '\x3f') {
    request.id = "request-000001";
    bound.request = &request;
    bound.rows = rows;
    BoundInput input;
    input.spec = signature.inputs.data();
    input.shape = shape_of(rows, kFeatures);
    input.elements = rows * kFeatures;
    input.is_raw = true;
    input.raw = values;
    bound.inputs.push_back(input);
    outputs.push_back({&signature.outputs[0], shape_of(rows, 1), labels});
    outputs.push_back({&signature.outputs[1], shape_of(rows, 2), scores});
  }

  Bytes values, labels, scores;
  InferRequestView request;
  BoundRequest bound;
  std::vector<OutputView> outputs;
};

}  // namespace

int main() {
  const Signature signature = signature_of_w1();
  RecordLayout layout;
  const std::string problem = RecordLayout::make(signature, true, slots_of_w1(), layout);
  if (!problem.empty()) {
    std::fprintf(stderr, "bench_record: %s\n", problem.c_str());
    return 1;
  }
  const auto pool = std::make_shared<RecordPool>(1, Limits().record_bytes_max);
  const RecordPlan plan(std::move(layout), {1, 2, 3, 4}, 1);
  const std::unique_ptr<RecordReader> reader = RecordReader::open(pool);
  Recorder recorder(*pool, 0);
  std::vector<RecordSpan> spans;
  uint64_t taken = 0, now_ns = monotonic_ns();
  const auto drain = [&] {
    spans.clear();
    reader->take(++now_ns, spans);
    for (const RecordSpan& span : spans) taken += span.records;
    reader->release();
  };
  for (const int rows : {1, 32}) {
    const Answered answered(signature, rows);
    report(
        rows == 1 ? "record_w1_row" : "record_w1_row_of_32", kRepeats / rows,
        [&](int) {
          for (int i = 0; i < kBurst; ++i) {
            recorder.write(plan, RecordPlane::champion, answered.bound, answered.outputs,
                           {now_ns, 40'000});
          }
          drain();
        },
        kBurst * rows);
  }
  const RecordCounts counts = plan.counts(RecordPlane::champion);
  if (counts.dropped > 0 || taken != counts.offered) {
    std::fprintf(stderr, "bench_record: %lu rows offered, %lu taken, %lu dropped\n",
                 static_cast<unsigned long>(counts.offered), static_cast<unsigned long>(taken),
                 static_cast<unsigned long>(counts.dropped));
    return 1;
  }
  return 0;
}
