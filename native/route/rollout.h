// One model's routing at one epoch: who serves a request that names no version.
//
// Immutable but for what its arms count. Route tables share it, and jobs its arms, so a request is
// counted at the epoch that routed it, however late it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "route/assignment.h"
#include "route/served_version.h"

namespace tiltyard {

// Of one thread.
struct alignas(kCacheLineBytes) RolloutStats {
  Counter unkeyed;     // split by key, and no key: the champion answers, as `unsplit`
  Counter ineligible;  // its canary cannot take such a request: likewise
};

struct RolloutArm {
  Role role = Role::champion;
  std::shared_ptr<ModelVersion> version;
};

// A version that is shown what an arm answers. Arm 0 is all that the champion answers as an arm,
// its controls too.
struct RolloutShadow {
  std::shared_ptr<ModelVersion> version;
  uint32_t sample_ppm = 0;
  uint32_t source_arm = 0;
  std::vector<ShadowOutputRule> rules = {};
};

struct RolloutOptions {
  std::string model;
  uint64_t epoch = 0;
  std::string salt;              // 16 bytes; empty without canaries
  bool by_key = false;           // a request without a key stays with the champion
  std::string owners;            // kBuckets arm indices, or empty: all are the champion's
  std::vector<RolloutArm> arms;  // the champion first
  uint32_t queue_items_max = 0;
  std::vector<RolloutShadow> shadows;
  ShadowOptions shadow_options;  // of all shadows, but for what each says itself
};

class Rollout {
 public:
  static constexpr size_t kBuckets = 65'536;
  static constexpr size_t kSaltBytes = 16;

  // What is wrong with `options`, in a sentence; empty: nothing.
  static std::string problem(const RolloutOptions& options);
  // `options` have no problem.
  explicit Rollout(const RolloutOptions& options);

  const std::string& model() const { return model_; }
  uint64_t epoch() const { return epoch_; }
  const std::shared_ptr<ServedVersion>& champion() const { return arms_[0]; }
  const std::vector<std::shared_ptr<ServedVersion>>& arms() const { return arms_; }
  const Shadows& shadows() const { return shadows_; }
  // The champion for requests that the split cannot place; no arm. Null without canaries.
  const std::shared_ptr<ServedVersion>& unsplit() const { return unsplit_; }
  RolloutStats& thread(uint32_t slot) const { return stats_[slot]; }
  uint32_t thread_slots() const { return thread_slots_; }

  // Chooses the arm of a request with this key (empty: none). Without a key `lottery` decides, a
  // number drawn evenly, unless the split is by key.
  void choose(BytesView key, uint64_t lottery, uint32_t slot, Assignment& out) const;
  // For a request that the chosen canary cannot take.
  void choose_champion(uint32_t slot, Assignment& out) const;
  // XXH3-64 of salt and key: its top 16 bits are the bucket, its top 20 the unit.
  static uint64_t hash(BytesView salt, BytesView key);

  // Of the arm's buckets; zeros unless the split is by key.
  UnitBitmap::Counts units_of(size_t arm) const;

 private:
  void add_shadow(const RolloutShadow& shadow, ShadowOptions options);

  const std::string model_;
  const uint64_t epoch_;
  const std::string salt_;
  const bool by_key_;
  const std::string owners_;
  std::shared_ptr<UnitBitmap> units_;
  std::vector<std::shared_ptr<ServedVersion>> arms_;
  std::shared_ptr<ServedVersion> unsplit_;
  Shadows shadows_;
  uint32_t thread_slots_;
  std::unique_ptr<RolloutStats[]> stats_;
};

}  // namespace tiltyard
