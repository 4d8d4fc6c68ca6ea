#include <doctest/doctest.h>

#include "engine/graveyard.h"
#include "route/rollout_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("a version that its last user lets go of is freed by the graveyard, and not before") {
  int told = 0;
  const auto graveyard = std::make_shared<Graveyard>([&] { ++told; });
  auto raw = scale_version("m", 1, 1);
  const std::weak_ptr<ModelVersion> watch = raw;
  std::shared_ptr<ModelVersion> version = graveyard->adopt(std::move(raw));
  std::shared_ptr<ModelVersion> second = version;
  version.reset();
  CHECK(told == 0);
  CHECK(second->number() == 1);
  second.reset();
  CHECK(told == 1);
  CHECK_FALSE(watch.expired());
  CHECK(graveyard->free_buried());
  CHECK(watch.expired());
  CHECK_FALSE(graveyard->free_buried());
}

TEST_CASE("after the graveyard was closed a version dies where it is let go of") {
  auto graveyard = std::make_shared<Graveyard>([] {});
  auto raw = scale_version("m", 1, 1);
  const std::weak_ptr<ModelVersion> watch = raw;
  std::shared_ptr<ModelVersion> version = graveyard->adopt(std::move(raw));
  graveyard->close();
  graveyard.reset();  // the version keeps it
  version.reset();
  CHECK(watch.expired());
}
