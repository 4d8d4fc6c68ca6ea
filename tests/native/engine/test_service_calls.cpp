#include <doctest/doctest.h>

#include <protozero/pbf_writer.hpp>

#include "engine/service_calls.h"
#include "engine_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

std::string names(const std::string& model, const std::string& version) {
  std::string out;
  protozero::pbf_writer writer(out);
  writer.add_string(1, model);
  writer.add_string(2, version);
  return out;
}

}  // namespace

TEST_CASE("a version may be written with leading zeros, and is found however it is asked for") {
  ServingEngine serving;
  std::vector<ModelRoute> models;
  models.push_back({"scale", {serving.load(1, 2), serving.load(12, 3)}, {}});
  const std::vector<std::string> methods = {"ModelMetadata", "ModelConfig"};
  RouteTable::Replies replies;
  for (const std::string& method : methods) {
    replies[RouteTable::reply_key(method, "scale", "")] = method + " of the newest";
    replies[RouteTable::reply_key(method, "scale", "1")] = method + " of 1";
    replies[RouteTable::reply_key(method, "scale", "12")] = method + " of 12";
  }
  serving.engine.publish(std::move(models), std::move(replies), true);
  GrpcTestClient client(serving.port);
  for (const std::string& method : methods) {
    const auto reply = [&](const std::string& version) {
      const GrpcReply got =
          client.call("/inference.GRPCInferenceService/" + method, names("scale", version));
      return got.messages.empty() ? got.message : got.messages[0];
    };
    CHECK(reply("") == method + " of the newest");
    CHECK(reply("1") == method + " of 1");
    CHECK(reply("01") == method + " of 1");
    CHECK(reply("0012") == method + " of 12");
    CHECK(reply("3") == "model 'scale' has no version 3; its versions are 1, 12");
  }
}
