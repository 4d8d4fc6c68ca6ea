// Versions that take x [N,2], the champion's requests and replies, and shadows of it.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/shadow_pool.h"
#include "engine/shadow_statistics.h"
#include "infer/response_encode.h"
#include "model/ort_fixture.h"
#include "onnx_model/onnx_model.h"

namespace tiltyard::test {

// Two io threads, no worker, two shadow threads: those have the slots 2 and 3.
inline constexpr uint32_t kIoThreads = 2;
inline constexpr uint32_t kShadowThreads = 2;
inline constexpr uint32_t kFirstShadowSlot = kIoThreads;

inline EngineOptions shadow_engine_options() {
  EngineOptions options;
  options.io_threads = kIoThreads;
  options.worker_threads = 0;
  options.shadow_threads = kShadowThreads;
  return options;
}

// Records that nobody reads.
inline RecordPool& shadow_records() {
  static RecordPool pool(kIoThreads + kShadowThreads, Limits().record_bytes_max);
  return pool;
}

inline ShadowOptions shadow_options() {
  ShadowOptions options;
  options.io_threads = kIoThreads;
  options.shadow_threads = kShadowThreads;
  return options;
}

inline std::shared_ptr<ModelVersion> load_for_shadows(const OnnxModel& model,
                                                      LoadOptions options = row_wise()) {
  options.thread_slots = kIoThreads + kShadowThreads;
  return load(model, options);
}

// y = x * factor
inline std::shared_ptr<ModelVersion> version_scale(float factor) {
  return load_for_shadows(OnnxModel()
                              .input("x", kFloat, {-1, 2})
                              .output("y", kFloat, {-1, 2})
                              .floats("factor", {1}, {factor})
                              .node("Mul", {"x", "factor"}, {"y"}));
}

// Looks x up in a table of four, and fails for anything else.
inline OnnxModel model_that_fails() {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .floats("table", {4}, {10, 11, 12, 13})
      .node("Cast", {"x"}, {"i"}, {{"to", kInt64}})
      .node("Gather", {"table", "i"}, {"y"}, {{"axis", 0}});
}
inline LoadOptions options_to_fail() {
  LoadOptions options = row_wise();
  options.samples = {{DataType::FP32, shape_of({2, 2}), raw_of<float>({0, 1, 2, 3})}};
  return options;
}
inline std::shared_ptr<ModelVersion> version_that_fails() {
  return load_for_shadows(model_that_fails(), options_to_fail());
}

// Answers each row with so many columns.
inline std::shared_ptr<ModelVersion> version_wide(int64_t columns) {
  return load_for_shadows(
      OnnxModel()
          .input("x", kFloat, {-1, 2})
          .output("y", kFloat, {-1, columns})
          .floats("w", {2, columns}, std::vector<float>(static_cast<size_t>(2 * columns), 1))
          .node("MatMul", {"x", "w"}, {"y"}));
}

// Takes milliseconds to answer a row with eight megabytes, and runs each request alone.
inline OnnxModel model_heavy() {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2'000'000})
      .floats("w", {1, 2'000'000}, std::vector<float>(2'000'000, 1))
      .node("ReduceSum", {"x"}, {"sum"}, {{"keepdims", 1}})
      .node("Mul", {"sum", "w"}, {"y"});
}
inline LoadOptions options_alone() {
  LoadOptions options = row_wise();
  options.rowwise_proved = false;
  return options;
}
inline std::shared_ptr<ModelVersion> version_heavy() {
  return load_for_shadows(model_heavy(), options_alone());
}

inline Bytes reply_to(const std::vector<float>& values, bool is_stream = false,
                      const std::string& output = "y") {
  const TensorSpec spec{output, DataType::FP32, {}, {}};
  OutputView view;
  view.spec = &spec;
  view.shape = shape_of({static_cast<int64_t>(values.size() / 2), 2});
  const Bytes raw = raw_of(values);
  view.data = raw;
  Bytes reply;
  const ReplyHead head{"scale", "1", "id"};
  if (is_stream) {
    append_stream_response(head, {&view, 1}, reply);
  } else {
    append_infer_response(head, {&view, 1}, reply);
  }
  return reply;
}

// The champion doubles.
inline std::vector<float> doubled(const std::vector<float>& values) {
  std::vector<float> out;
  for (const float value : values) out.push_back(2 * value);
  return out;
}

// An item of io thread `home` for the request `values`, as the champion has answered it.
inline std::unique_ptr<ShadowItem> item_for(ShadowItems& items, uint32_t home,
                                            const std::vector<float>& values) {
  std::unique_ptr<ShadowItem> item = items.make(home);
  item->request = infer_request("scale", values);
  item->reply = reply_to(doubled(values));
  item->is_stream = false;
  item->offered_ns = monotonic_ns();
  item->champion_ns = 1'000;
  return item;
}

inline uint64_t count_of(const NamedCounts& counts, const std::string& name) {
  for (const auto& [key, value] : counts) {
    if (key == name) return value;
  }
  FAIL("nothing is counted as " << name);
  return 0;
}

inline uint64_t count_of(const Shadow& shadow, const std::string& name) {
  return count_of(read_shadow(shadow).counts, name);
}

// What must hold whenever nothing is on its way.
inline void check_balance(const Shadow& shadow) {
  const ShadowStatistics found = read_shadow(shadow);
  uint64_t dropped = 0;
  for (const auto& [reason, n] : found.dropped) dropped += n;
  CHECK(count_of(found.counts, "offered") ==
        count_of(found.counts, "sampled_out") + count_of(found.counts, "queued") + dropped);
  CHECK(count_of(found.counts, "queued") ==
        count_of(found.counts, "ok") + count_of(found.counts, "error") +
            count_of(found.counts, "expired") + count_of(found.counts, "in_flight"));
}

}  // namespace tiltyard::test
