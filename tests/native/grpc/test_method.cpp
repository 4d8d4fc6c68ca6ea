#include <doctest/doctest.h>

#include "grpc/method.h"

using namespace tiltyard;

TEST_CASE("methods are found by their path, and what is not there is unknown") {
  CHECK(find_method("/inference.GRPCInferenceService/ModelInfer").method == Method::model_infer);
  CHECK(find_method("/grpc.health.v1.Health/Watch").method == Method::health_watch);
  CHECK(find_method("/grpc.health.v1.Health/Watch").client_streams == false);
  CHECK(find_method("/inference.GRPCInferenceService/ModelStreamInfer").client_streams);
  CHECK(find_method("").method == Method::unknown);
  CHECK(find_method("/inference.GRPCInferenceService/modelinfer").method == Method::unknown);
}

TEST_CASE("an unimplemented method says why") {
  const MethodRow& row = find_method("/inference.GRPCInferenceService/TraceSetting");
  CHECK(row.method == Method::unimplemented);
  CHECK(row.sentence != nullptr);
}
