#include <doctest/doctest.h>

#include "route/arm_list.h"
#include "route/rollout_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

RouteTable table_of(std::shared_ptr<const Rollout> rollout) {
  std::vector<ModelRoute> models;
  models.push_back({"m", {}, {}, std::move(rollout)});
  return RouteTable(std::move(models), {}, true);
}

std::shared_ptr<Rollout> champion_of(const std::shared_ptr<ModelVersion>& version) {
  RolloutOptions options;
  options.model = "m";
  options.arms = {{Role::champion, version}};
  options.queue_items_max = 2;
  return std::make_shared<Rollout>(options);
}

}  // namespace

TEST_CASE("an arm is withdrawn when its version is routed no more, and back when it is again") {
  const auto one = scale_version("m", 1, 1), two = scale_version("m", 2, 2);
  const auto first = champion_of(one), second = champion_of(two);
  ArmList arms;
  arms.follow(table_of(first));
  CHECK_FALSE(first->champion()->withdrawn.load());
  arms.follow(table_of(second));
  CHECK(first->champion()->withdrawn.load());
  CHECK_FALSE(second->champion()->withdrawn.load());
  arms.follow(table_of(champion_of(one)));  // the same version in a newer arm
  CHECK_FALSE(first->champion()->withdrawn.load());
  CHECK(second->champion()->withdrawn.load());
  arms.follow(table_of(nullptr));
  CHECK(first->champion()->withdrawn.load());
}

TEST_CASE("the arm of a rollout before the last is withdrawn with its version") {
  const auto one = scale_version("m", 1, 1), two = scale_version("m", 2, 2);
  const auto canary = std::make_shared<Rollout>(canary_options(one, two, owners_of(1, 0, 9)));
  const auto grown = std::make_shared<Rollout>(canary_options(one, two, owners_of(1, 0, 99)));
  ArmList arms;
  arms.follow(table_of(canary));
  arms.follow(table_of(grown));
  CHECK_FALSE(canary->arms()[1]->withdrawn.load());
  arms.follow(table_of(champion_of(one)));
  CHECK(canary->arms()[1]->withdrawn.load());
  CHECK(grown->arms()[1]->withdrawn.load());
  CHECK_FALSE(canary->champion()->withdrawn.load());
  CHECK_FALSE(canary->unsplit()->withdrawn.load());
}

TEST_CASE("arms that are gone are forgotten") {
  ArmList arms;
  const auto one = scale_version("m", 1, 1);
  for (int i = 0; i < 100; ++i) arms.follow(table_of(champion_of(one)));
  CHECK(arms.size() <= 2);
}
