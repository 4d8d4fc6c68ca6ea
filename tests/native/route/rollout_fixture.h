// Rollouts over a model that doubles, or multiplies by whatever factor.
#pragma once

#include <string>

#include "model/ort_fixture.h"
#include "onnx_model/onnx_model.h"
#include "route/rollout.h"

namespace tiltyard::test {

inline const std::string kSalt = "0123456789abcdef";

// The buckets from `first` up to `end` belong to `arm`, the others to the champion.
inline std::string owners_of(char arm, size_t first, size_t end) {
  std::string owners(Rollout::kBuckets, '\0');
  for (size_t bucket = first; bucket < end; ++bucket) owners[bucket] = arm;
  return owners;
}

inline std::shared_ptr<ModelVersion> scale_version(const std::string& model, int64_t number,
                                                   float factor, int64_t columns = 2,
                                                   uint32_t thread_slots = 2) {
  LoadOptions options = row_wise();
  options.warmup_ns_max = 20'000'000;
  options.thread_slots = thread_slots;
  const OnnxModel onnx = OnnxModel()
                             .input("x", kFloat, {-1, columns})
                             .output("y", kFloat, {-1, columns})
                             .floats("factor", {1}, {factor})
                             .node("Mul", {"x", "factor"}, {"y"});
  std::shared_ptr<ModelVersion> version;
  const Status status =
      ModelVersion::load(ort_runtime(), model, number, onnx.bytes(), {}, options, version);
  REQUIRE_MESSAGE(status.ok(), status.message);
  return version;
}

// Version 1 is the champion; version 2 has the buckets that `owners` gives to arm 1.
inline RolloutOptions canary_options(const std::shared_ptr<ModelVersion>& champion,
                                     const std::shared_ptr<ModelVersion>& canary,
                                     const std::string& owners) {
  RolloutOptions options;
  options.model = champion->model();
  options.epoch = 7;
  options.salt = kSalt;
  options.owners = owners;
  options.arms = {{Role::champion, champion}, {Role::canary, canary}, {Role::control, champion}};
  options.queue_items_max = 16;
  return options;
}

}  // namespace tiltyard::test
