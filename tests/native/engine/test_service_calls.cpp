// Everything but inference, through a real engine.
#include <doctest/doctest.h>

#include <protozero/pbf_writer.hpp>

#include "engine/service_calls.h"
#include "engine_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

const std::string kService = "/inference.GRPCInferenceService/";
const std::string kYes("\x08\x01", 2), kNo;

std::string names(const std::string& first, const std::string& second = "") {
  std::string message;
  protozero::pbf_writer writer(message);
  if (!first.empty()) writer.add_string(1, first);
  if (!second.empty()) writer.add_string(2, second);
  return message;
}

// Publishes version 1 ready, version 2 not, and some precomputed replies.
void publish_some(ServingEngine& serving, bool ready = true) {
  std::vector<ModelRoute> models;
  models.push_back({"scale", {serving.load(1, 2)}, {{2, "the file is cut short"}}});
  models.push_back({"broken", {}, {{1, "the file is cut short"}}});
  RouteTable::Replies replies;
  replies[RouteTable::reply_key("ServerMetadata", "", "")] = "server";
  replies[RouteTable::reply_key("ModelMetadata", "scale", "1")] = "metadata of 1";
  replies[RouteTable::reply_key("ModelConfig", "scale", "1")] = "config of 1";
  replies[RouteTable::reply_key("RepositoryIndex", "", "")] = "all";
  replies[RouteTable::reply_key("RepositoryIndex", "", "ready")] = "ready ones";
  serving.engine.publish(std::move(models),
                         std::make_shared<const RouteTable::Replies>(std::move(replies)), ready);
}

GrpcCode code(const GrpcReply& reply) {
  return static_cast<GrpcCode>(reply.status);
}

}  // namespace

TEST_CASE("liveness is always yes, readiness what the table says") {
  ServingEngine serving;
  GrpcTestClient client(serving.port);
  CHECK(client.call(kService + "ServerLive", "").messages.at(0) == kYes);
  CHECK(client.call(kService + "ServerReady", "").messages.at(0) == kNo);
  CHECK(code(client.call(kService + "ServerMetadata", "")) == GrpcCode::unavailable);
  publish_some(serving);
  CHECK(client.call(kService + "ServerReady", "").messages.at(0) == kYes);
  CHECK(client.call(kService + "ServerMetadata", "").messages.at(0) == "server");
}

TEST_CASE("a model is ready, not ready, or not there") {
  ServingEngine serving;
  publish_some(serving);
  GrpcTestClient client(serving.port);
  const auto ready = [&](const std::string& model, const std::string& version = "") {
    return client.call(kService + "ModelReady", names(model, version));
  };
  CHECK(ready("scale").messages.at(0) == kYes);
  CHECK(ready("scale", "1").messages.at(0) == kYes);
  CHECK(ready("scale", "2").messages.at(0) == kNo);
  CHECK(ready("broken").messages.at(0) == kNo);
  CHECK(code(ready("scale", "3")) == GrpcCode::not_found);
  CHECK(code(ready("nobody")) == GrpcCode::not_found);
  CHECK(code(ready("scale", "newest")) == GrpcCode::invalid_argument);
  CHECK(code(client.call(kService + "ModelReady", "\x0a\x7f")) == GrpcCode::invalid_argument);
}

TEST_CASE("precomputed replies come by model and version; the index whole or of the ready") {
  ServingEngine serving;
  publish_some(serving);
  GrpcTestClient client(serving.port);
  CHECK(client.call(kService + "ModelMetadata", names("scale", "1")).messages.at(0) ==
        "metadata of 1");
  CHECK(client.call(kService + "ModelConfig", names("scale")).messages.at(0) == "config of 1");
  CHECK(code(client.call(kService + "ModelMetadata", names("nobody"))) == GrpcCode::not_found);
  CHECK(code(client.call(kService + "ModelMetadata", names("broken"))) == GrpcCode::unavailable);
  CHECK(client.call(kService + "RepositoryIndex", "").messages.at(0) == "all");
  CHECK(client.call(kService + "RepositoryIndex", "\x10\x01").messages.at(0) == "ready ones");
  CHECK(code(client.call(kService + "RepositoryIndex", names("other"))) == GrpcCode::unimplemented);
}

TEST_CASE("health knows the server, its service and each model") {
  ServingEngine serving;
  publish_some(serving);
  GrpcTestClient client(serving.port);
  const auto health = [&](const std::string& service) {
    return client.call("/grpc.health.v1.Health/Check", names(service));
  };
  CHECK(health("").messages.at(0) == "\x08\x01");
  CHECK(health("inference.GRPCInferenceService").messages.at(0) == "\x08\x01");
  CHECK(health("scale").messages.at(0) == "\x08\x01");
  CHECK(health("broken").messages.at(0) == "\x08\x02");
  CHECK(code(health("nobody")) == GrpcCode::not_found);
}

TEST_CASE("a watch is told each change once, also of a service that does not exist yet") {
  ServingEngine serving;
  GrpcTestClient client(serving.port);
  const int32_t watch = client.send("/grpc.health.v1.Health/Watch", names("scale"));
  CHECK(client.wait(watch, 1).messages.at(0) == "\x08\x03");
  publish_some(serving);
  CHECK(client.wait(watch, 2).messages.at(1) == "\x08\x01");
  publish_some(serving);  // no change: nothing is said
  publish_some(serving, false);
  CHECK(client.wait(watch, 3).messages.at(2) == "\x08\x02");
  CHECK_FALSE(client.reply(watch).closed);
}

TEST_CASE("statistics go to Python and its answer comes back, or its error") {
  ServingEngine serving;
  publish_some(serving);
  GrpcTestClient client(serving.port);
  const int32_t asked = client.send(kService + "ModelStatistics", "question");
  SlowPath::Taken taken = serving.engine.slow_path().take(10'000);
  CHECK(taken.path == kService + "ModelStatistics");
  CHECK(taken.message == "question");
  CHECK(serving.engine.slow_path().finish(taken.id, "answer"));
  CHECK(client.wait(asked).messages == std::vector<std::string>{"answer"});
  const int32_t failed = client.send(kService + "ModelStatistics", "");
  taken = serving.engine.slow_path().take(10'000);
  CHECK(serving.engine.slow_path().fail(taken.id, make_error(Error::handler_not_found, {"no"})));
  CHECK(code(client.wait(failed)) == GrpcCode::not_found);
}

TEST_CASE("a full slow path is said, and when to come back") {
  EngineOptions options;
  options.limits.slow_path_items_max = 2;
  ServingEngine serving(options);
  GrpcTestClient client(serving.port);
  std::vector<int32_t> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(client.send(kService + "ModelStatistics", ""));
  const GrpcReply& refused = client.wait(streams.back());
  CHECK(code(refused) == GrpcCode::unavailable);
  CHECK(refused.headers.contains("grpc-retry-pushback-ms"));
}

TEST_CASE("a version may be written with leading zeros, and is found however it is asked for") {
  ServingEngine serving;
  std::vector<ModelRoute> models;
  models.push_back({"scale", {serving.load(1, 2), serving.load(12, 3)}, {}});
  const std::vector<std::string> methods = {"ModelMetadata", "ModelConfig"};
  RouteTable::Replies replies;
  for (const std::string& method : methods) {
    replies[RouteTable::reply_key(method, "scale", "1")] = method + " of 1";
    replies[RouteTable::reply_key(method, "scale", "12")] = method + " of 12";
  }
  serving.engine.publish(std::move(models),
                         std::make_shared<const RouteTable::Replies>(std::move(replies)), true);
  GrpcTestClient client(serving.port);
  for (const std::string& method : methods) {
    const auto reply = [&](const std::string& version) {
      const GrpcReply got =
          client.call("/inference.GRPCInferenceService/" + method, names("scale", version));
      return got.messages.empty() ? got.message : got.messages[0];
    };
    CHECK(reply("") == method + " of 12");
    CHECK(reply("1") == method + " of 1");
    CHECK(reply("01") == method + " of 1");
    CHECK(reply("0012") == method + " of 12");
    CHECK(reply("3") == "model 'scale' has no version 3; its versions are 1, 12");
  }
}
