// Jobs of an io thread that does not run: it only takes them home, and frees them at the end.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/io_thread.h"
#include "engine/job.h"
#include "engine/shared.h"
#include "model/ort_fixture.h"
#include "onnx_model/onnx_model.h"

namespace tiltyard::test {

// y = x * factor in service, with a slot for an io thread and `workers` workers.
inline std::shared_ptr<ServedVersion> served_scale(float factor, uint32_t batch_rows_max = 128,
                                                   uint32_t queue_items_max = 1'024,
                                                   uint32_t workers = 1) {
  LoadOptions options = row_wise();
  options.batch_rows_max = batch_rows_max;
  options.thread_slots = 1 + workers;
  const OnnxModel model = OnnxModel()
                              .input("x", kFloat, {-1, 2})
                              .output("y", kFloat, {-1, 2})
                              .floats("factor", {1}, {factor})
                              .node("Mul", {"x", "factor"}, {"y"});
  return std::make_shared<ServedVersion>(load(model, options), queue_items_max);
}

// A counter of all threads of a served version.
inline uint64_t total(const ServedVersion& served, Counter VersionStats::* counter) {
  uint64_t sum = 0;
  for (uint32_t slot = 0; slot < served.version->thread_slots(); ++slot) {
    sum += (served.version->thread(slot).stats.*counter).get();
  }
  return sum;
}

struct Jobs {
  explicit Jobs(const EngineOptions& options = {}) : shared(options), home(shared, 0) {}

  Job* make(const std::shared_ptr<ServedVersion>& served, const std::vector<float>& values,
            const std::string& id = "") {
    Job* job = new Job();
    job->home = &home;
    job->served = served;
    job->arrived_ns = monotonic_ns();
    job->message.owned = infer_request("scale", values, id);
    job->message.view = job->message.owned;
    REQUIRE(job->charge.try_set(shared.budget, job->message.owned.size()));
    return job;
  }

  EngineShared shared;
  IoThread home;
};

// The values of the reply that `job` came home with.
inline InferReply reply_of(const Job& job) {
  REQUIRE_MESSAGE(job.status.ok(), job.status.message);
  REQUIRE(job.framed.size() > kGrpcPrefixBytes);
  REQUIRE(load_u32_be(job.framed.data() + 1) == job.framed.size() - kGrpcPrefixBytes);
  return parse_reply(job.framed.substr(kGrpcPrefixBytes));
}

}  // namespace tiltyard::test
