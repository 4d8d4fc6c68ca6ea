#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "route/rollout_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

struct Pair {
  std::shared_ptr<ModelVersion> one = scale_version("m", 1, 1);
  std::shared_ptr<ModelVersion> two = scale_version("m", 2, 2);
};

const ServedVersion& choice(const Rollout& rollout, BytesView key, uint64_t lottery = 0) {
  Assignment out;
  rollout.choose(key, lottery, 0, out);
  return **out.served;
}

}  // namespace

TEST_CASE("the hash of salt and key is XXH3-64 of the two joined, short or long") {
  // From Python's xxhash: xxh3_64_intdigest(b"0123456789abcdef" + key).
  CHECK(Rollout::hash(kSalt, "user-1") == 0x4016cc74ff34138ULL);
  CHECK(Rollout::hash(kSalt, std::string(1'000, 'k')) == 0x9d48c6f60ee592e3ULL);
}

TEST_CASE("a bucket's owner serves its keys, and without canaries all are the champion's") {
  const Pair pair;
  const auto bucket = Rollout::hash(kSalt, "user-1") >> 48;
  const Rollout rollout(canary_options(pair.one, pair.two, owners_of(1, bucket, bucket + 1)));
  CHECK(choice(rollout, "user-1").version == pair.two);
  CHECK(choice(rollout, "user-1").role == Role::canary);
  CHECK(choice(rollout, "user-2").version == pair.one);
  CHECK(choice(rollout, "", bucket << 48).role == Role::canary);

  RolloutOptions plain;
  plain.model = "m";
  plain.arms = {{Role::champion, pair.one}};
  plain.queue_items_max = 2;
  REQUIRE(Rollout::problem(plain).empty());
  Assignment out;
  Rollout(plain).choose("user-1", 0, 0, out);
  CHECK(out.bucket == Assignment::kNoBucket);
}

TEST_CASE("a share of nothing or of all is exact") {
  const Pair pair;
  const Rollout none(canary_options(pair.one, pair.two, owners_of(1, 0, 0)));
  const Rollout all(canary_options(pair.one, pair.two, owners_of(1, 0, Rollout::kBuckets)));
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = "key-" + std::to_string(i);
    CHECK(choice(none, key).role == Role::champion);
    CHECK(choice(all, key).role == Role::canary);
  }
}

TEST_CASE("split by key, a request without one stays with the champion, in no arm") {
  const Pair pair;
  RolloutOptions options = canary_options(pair.one, pair.two, owners_of(1, 0, Rollout::kBuckets));
  options.by_key = true;
  const Rollout rollout(options);
  Assignment out;
  rollout.choose("", UINT64_MAX, 1, out);
  CHECK((*out.served)->version == pair.one);
  CHECK((*out.served)->role == Role::unsplit);
  out.assign(1);
  CHECK((*out.served)->arm[1].assigned.get() == 1);
  CHECK(rollout.champion()->arm[1].assigned.get() == 0);
  CHECK(rollout.thread(1).unkeyed.get() == 1);
  CHECK(rollout.thread(0).unkeyed.get() == 0);
}

TEST_CASE("units are counted by the arm that owns their bucket") {
  const Pair pair;
  RolloutOptions options = canary_options(pair.one, pair.two, owners_of(1, 0, 32'768));
  options.by_key = true;
  const Rollout rollout(options);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) {
      Assignment out;
      rollout.choose("key-" + std::to_string(i), 0, 0, out);
      out.assign(0);
      if (i % 10 == 0 || round > 0) out.fail(0, Error::run_failed);
    }
  }
  const UnitBitmap::Counts champion = rollout.units_of(0), canary = rollout.units_of(1);
  CHECK(champion.seen + canary.seen == 100);
  CHECK(canary.seen > 30);
  CHECK(champion.failed + canary.failed == 10);
  CHECK(rollout.units_of(2).seen == 0);
}

TEST_CASE("what makes no rollout is said in a sentence") {
  const Pair pair;
  const auto problem = [&](auto change) {
    RolloutOptions options = canary_options(pair.one, pair.two, owners_of(1, 0, 10));
    change(options);
    return Rollout::problem(options);
  };
  CHECK(problem([](RolloutOptions&) {}) == "");
  CHECK(problem([](RolloutOptions& o) { o.arms.clear(); }).find("champion first") !=
        std::string::npos);
  CHECK(problem([](RolloutOptions& o) { o.salt = "short"; }) == "the salt has 16 bytes; got 5");
  CHECK(problem([](RolloutOptions& o) { o.owners.pop_back(); }) ==
        "the bucket table has 65536 entries; got 65535");
  CHECK(problem([](RolloutOptions& o) { o.owners[9] = 3; }) ==
        "bucket owner 3 is none of the 3 arms");
  CHECK(problem([](RolloutOptions& o) { o.owners.clear(); }) == "canaries need a bucket table");
  CHECK(problem([](RolloutOptions& o) { o.model = "other"; }) ==
        "every arm is a loaded version of model other");
}

TEST_CASE("a shadow sees its arm, and of the champion also the controls, but no request aside") {
  const Pair pair;
  RolloutOptions options = canary_options(pair.one, pair.two, owners_of(1, 0, 16));
  options.shadows = {{pair.two, 1'000, 0}, {pair.one, ShadowOptions::kAll, 1}};
  REQUIRE(Rollout::problem(options).empty());
  const Rollout rollout(options);
  REQUIRE(rollout.shadows().size() == 2);
  const auto& of_champion = rollout.shadows()[0];
  const auto& of_canary = rollout.shadows()[1];
  CHECK(of_champion->version() == pair.two);
  CHECK(of_champion->source() == 1);
  CHECK(of_champion->sample_ppm() == 1'000);
  CHECK(of_canary->source() == 2);
  CHECK(rollout.arms()[0]->shadows == Shadows{of_champion});
  CHECK(rollout.arms()[1]->shadows == Shadows{of_canary});
  CHECK(rollout.arms()[2]->shadows == Shadows{of_champion});
  CHECK(rollout.unsplit()->shadows.empty());
}

TEST_CASE("what cannot be a shadow is said") {
  const Pair pair;
  RolloutOptions options = canary_options(pair.one, pair.two, owners_of(1, 0, 16));
  options.shadows = {{scale_version("other", 1, 1), 1, 0}};
  CHECK(Rollout::problem(options) == "every shadow is a loaded version of model m");
  options.shadows = {{pair.two, 1, 3}};
  CHECK(Rollout::problem(options) == "a shadow's source arm 3 is none of the 3 arms");
  options.shadows = {{pair.two, 1'000'001, 0}};
  CHECK(Rollout::problem(options) ==
        "a shadow samples at most 1000000 of a million requests; got 1000001");
  options.shadows.assign(33, {pair.two, 1, 0});
  CHECK(Rollout::problem(options) == "a rollout has at most 32 shadows; got 33");
  options.shadows.assign(32, {pair.two, 1, 0});
  CHECK(Rollout::problem(options).empty());
}

TEST_CASE("an output is compared as its shadow's rule says") {
  const Pair pair;
  RolloutOptions options = canary_options(pair.one, pair.two, owners_of(1, 0, 16));
  const auto with = [&](const std::string& output, double atol, double rtol) {
    options.shadows = {{pair.two, 1, 0, {{output, {CompareMode::tolerance, atol, rtol}}}}};
    return Rollout::problem(options);
  };
  CHECK(with("z", 0, 0) == "version 1 has no output 'z' to compare; it has y");
  CHECK(with("y", -1, 0) ==
        "a tolerance of output 'y' is a finite number of 0 or more; got -1.000000");
  CHECK(with("y", 0, std::numeric_limits<double>::infinity()) ==
        "a tolerance of output 'y' is a finite number of 0 or more; got inf");
  REQUIRE(with("y", 0.5, 0.25).empty());
  options.shadows.push_back({pair.one, 1, 1});
  const Rollout rollout(options);
  CHECK(rollout.shadows()[0]->outputs()[0].mode == CompareMode::tolerance);
  CHECK(rollout.shadows()[0]->outputs()[0].rule.atol == 0.5);
  CHECK(rollout.shadows()[0]->outputs()[0].rule.rtol == 0.25);
  CHECK(rollout.shadows()[1]->outputs()[0].mode != CompareMode::tolerance);
}
