#include <doctest/doctest.h>

#include "route/router.h"

using namespace tiltyard;

namespace {

Error route_error(const RouteTable& table, BytesView model, BytesView version) {
  const std::shared_ptr<ServedVersion>* served = nullptr;
  const Status status = route_request(table, model, version, served);
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
  const Status status = route_request(table, "fraud", "3", served);
  CHECK(status.message.find("the file is cut short") != std::string::npos);
}
