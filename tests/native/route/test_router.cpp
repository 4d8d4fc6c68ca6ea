#include <doctest/doctest.h>

#include "route/rollout_fixture.h"
#include "route/router.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

Error route_error(const RouteTable& table, BytesView model, BytesView version) {
  const std::shared_ptr<ServedVersion>* served = nullptr;
  const Status status = find_version(table, model, version, served);
  CHECK(served == nullptr);
  return status.error;
}

}  // namespace

TEST_CASE("each way to ask for what is not there has its own error") {
  std::vector<ModelRoute> models;
  models.push_back({"fraud", {}, {{3, "the file is cut short"}}});
  const RouteTable table(std::move(models), {}, true);
  CHECK(route_error(table, "nobody", "") == Error::unknown_model);
  CHECK(route_error(table, "fraud", "") == Error::no_version_ready);
  CHECK(route_error(table, "fraud", "3") == Error::version_not_ready);
  CHECK(route_error(table, "fraud", "4") == Error::unknown_version);
  for (const char* bad : {"v1", "-1", "1.0", " 1", "1 ", "stable", "99999999999999999999"}) {
    CHECK_MESSAGE(route_error(table, "fraud", bad) == Error::bad_version, bad);
  }
}

TEST_CASE("the sentence of a version that is not ready gives the reason") {
  std::vector<ModelRoute> models;
  models.push_back({"fraud", {}, {{3, "the file is cut short"}}});
  const RouteTable table(std::move(models), {}, true);
  const std::shared_ptr<ServedVersion>* served = nullptr;
  const Status status = find_version(table, "fraud", "3", served);
  CHECK(status.message.find("the file is cut short") != std::string::npos);
}

TEST_CASE("the key is the metadata's, else the parameter's, else the request's id") {
  InferRequestView request;
  CHECK(routing_key(request, "").empty());
  request.id = "id";
  CHECK(routing_key(request, "") == "id");
  ParameterView parameter;
  parameter.key = "routing_key";
  parameter.kind = ParameterView::Kind::string;
  parameter.string = "customer";
  request.parameters.push_back(parameter);
  CHECK(routing_key(request, "") == "customer");
  CHECK(routing_key(request, "metadata") == "metadata");
}

TEST_CASE("a rollout serves what names no version, and a champion that is not ready nobody") {
  const auto one = scale_version("m", 1, 1), two = scale_version("m", 2, 2);
  std::vector<ModelRoute> models;
  const auto pinned = std::make_shared<ServedVersion>(two, 2);
  models.push_back({"m",
                    {pinned},
                    {},
                    std::make_shared<Rollout>(canary_options(one, two, owners_of(1, 0, 0))),
                    1});
  models.push_back({"waiting", {pinned}, {{1, "it is being loaded"}}, nullptr, 1});
  const RouteTable table(std::move(models), {}, true);
  InferRequestView request;
  request.model_name = "m";
  Assignment routed;
  REQUIRE(route_request(table, request, "key", 0, 0, routed).ok());
  CHECK((*routed.served)->version == one);
  CHECK(routed.rollout != nullptr);
  request.model_version = "2";
  Assignment pinned_to;
  REQUIRE(route_request(table, request, "key", 0, 0, pinned_to).ok());
  CHECK((*pinned_to.served)->role == Role::pinned);
  CHECK(pinned_to.rollout == nullptr);

  request.model_name = "waiting";
  request.model_version = "";
  Assignment none;
  const Status status = route_request(table, request, "key", 0, 0, none);
  CHECK(status.error == Error::no_version_ready);
  CHECK(status.message.find("its champion is version 1, and it is being loaded") !=
        std::string::npos);
}
