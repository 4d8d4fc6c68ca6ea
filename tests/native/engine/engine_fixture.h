// An engine that listens on a free port and serves y = x * factor as model "scale".
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/statistics.h"
#include "grpc_test_client.h"
#include "model/ort_fixture.h"
#include "onnx_model/onnx_model.h"

namespace tiltyard::test {

inline constexpr char kInfer[] = "/inference.GRPCInferenceService/ModelInfer";
inline constexpr char kStream[] = "/inference.GRPCInferenceService/ModelStreamInfer";

struct ServingEngine {
  explicit ServingEngine(EngineOptions options = {}) : engine(ort_runtime(), options) {
    REQUIRE(engine.listen({"127.0.0.1", 0, "", "", ""}, port).ok());
  }

  std::shared_ptr<ServedVersion> load(int64_t number, float factor) {
    const std::string model = scale_model(factor);
    LoadOptions load;
    load.rowwise_proved = true;
    load.warmup_ns_max = 20'000'000;
    std::shared_ptr<ServedVersion> served;
    const Status status = engine.load_version("scale", number, model, {}, load, served);
    REQUIRE_MESSAGE(status.ok(), status.message);
    return served;
  }

  void publish(std::vector<std::shared_ptr<ServedVersion>> versions, bool ready = true) {
    std::vector<ModelRoute> models;
    models.push_back({"scale", std::move(versions), {}});
    engine.publish(std::move(models), {}, ready);
  }

  uint64_t count(const std::string& name) {
    uint64_t sum = 0;
    for (const VersionStatistics& version : read_statistics(engine)) {
      for (const auto& [key, value] : version.counts) sum += key == name ? value : 0;
    }
    return sum;
  }

  // Over all io threads.
  uint64_t io_count(Counter IoCounters::* counter) const {
    uint64_t sum = 0;
    for (const auto& io : engine.io_threads()) sum += (io->counters().*counter).get();
    return sum;
  }

  Engine engine;
  uint16_t port = 0;
};

}  // namespace tiltyard::test
