#include <doctest/doctest.h>

#include <string>

#include "route/route_table.h"

using namespace tiltyard;

TEST_CASE("every model of a large table is found, and no other") {
  std::vector<ModelRoute> models;
  for (int i = 0; i < 1'000; ++i) models.push_back({"model-" + std::to_string(i), {}, {}});
  const RouteTable table(std::move(models), {}, true);
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = "model-" + std::to_string(i);
    const ModelRoute* found = table.find(name);
    REQUIRE(found != nullptr);
    CHECK(found->name == name);
  }
  CHECK(table.find("model-1000") == nullptr);
  CHECK(table.find("") == nullptr);
}

TEST_CASE("an empty table finds nothing") {
  const RouteTable table({}, {}, false);
  CHECK(table.find("x") == nullptr);
  CHECK(table.find_reply("ServerMetadata", "", "") == nullptr);
}

TEST_CASE("precomputed replies are kept apart by method, model and version") {
  RouteTable::Replies replies;
  replies[RouteTable::reply_key("ModelMetadata", "a", "1")] = "one";
  replies[RouteTable::reply_key("ModelMetadata", "a", "")] = "default";
  const RouteTable table({}, std::make_shared<const RouteTable::Replies>(std::move(replies)), true);
  CHECK(*table.find_reply("ModelMetadata", "a", "1") == "one");
  CHECK(*table.find_reply("ModelMetadata", "a", "") == "default");
  CHECK(table.find_reply("ModelConfig", "a", "1") == nullptr);
  CHECK(table.find_reply("ModelMetadata", "a1", "") == nullptr);
}
