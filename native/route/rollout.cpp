#include "route/rollout.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tiltyard {
namespace {

constexpr uint32_t kUnitsPerBucket = UnitBitmap::kUnits / Rollout::kBuckets;
// Keys that fit beside the salt are hashed from the stack.
constexpr size_t kShortKeyBytes = 240;

std::string problem_of_owners(const RolloutOptions& options) {
  if (options.owners.empty()) return options.arms.size() == 1 ? "" : "canaries need a bucket table";
  if (options.owners.size() != Rollout::kBuckets) {
    return "the bucket table has 65536 entries; got " + std::to_string(options.owners.size());
  }
  if (options.salt.size() != Rollout::kSaltBytes) {
    return "the salt has 16 bytes; got " + std::to_string(options.salt.size());
  }
  for (const char owner : options.owners) {
    if (static_cast<uint8_t>(owner) >= options.arms.size()) {
      return "bucket owner " + std::to_string(static_cast<uint8_t>(owner)) + " is none of the " +
             std::to_string(options.arms.size()) + " arms";
    }
  }
  return "";
}

std::string names_of(const std::vector<TensorSpec>& outputs) {
  std::string names;
  for (const TensorSpec& output : outputs) names += (names.empty() ? "" : ", ") + output.name;
  return names;
}

// `source` is the version whose outputs are compared.
std::string problem_of_rules(const RolloutShadow& shadow, const ModelVersion& source) {
  const std::vector<TensorSpec>& outputs = source.signature().outputs;
  for (const auto& [name, rule] : shadow.rules) {
    const bool is_there = std::any_of(outputs.begin(), outputs.end(),
                                      [&](const TensorSpec& spec) { return spec.name == name; });
    if (!is_there) {
      return "version " + std::to_string(source.number()) + " has no output '" + name +
             "' to compare; it has " + names_of(outputs);
    }
    for (const double bound : {rule.atol, rule.rtol}) {
      if (!std::isfinite(bound) || bound < 0) {
        return "a tolerance of output '" + name + "' is a finite number of 0 or more; got " +
               std::to_string(bound);
      }
    }
  }
  return "";
}

std::string problem_of_shadows(const RolloutOptions& options) {
  if (options.shadows.size() > kShadowsMax) {
    return "a rollout has at most " + std::to_string(kShadowsMax) + " shadows; got " +
           std::to_string(options.shadows.size());
  }
  for (const RolloutShadow& shadow : options.shadows) {
    if (shadow.version == nullptr || shadow.version->model() != options.model) {
      return "every shadow is a loaded version of model " + options.model;
    }
    if (shadow.source_arm >= options.arms.size()) {
      return "a shadow's source arm " + std::to_string(shadow.source_arm) + " is none of the " +
             std::to_string(options.arms.size()) + " arms";
    }
    if (shadow.sample_ppm > ShadowOptions::kAll) {
      return "a shadow samples at most 1000000 of a million requests; got " +
             std::to_string(shadow.sample_ppm);
    }
    std::string problem = problem_of_rules(shadow, *options.arms[shadow.source_arm].version);
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace

std::string Rollout::problem(const RolloutOptions& options) {
  if (options.arms.empty() || options.arms[0].role != Role::champion) {
    return "a rollout has its champion first";
  }
  if (options.arms.size() > 255) return "a rollout has at most 255 arms";
  for (const RolloutArm& arm : options.arms) {
    if (arm.version == nullptr || arm.version->model() != options.model) {
      return "every arm is a loaded version of model " + options.model;
    }
  }
  const std::string problem = problem_of_owners(options);
  return problem.empty() ? problem_of_shadows(options) : problem;
}

Rollout::Rollout(const RolloutOptions& options)
    : model_(options.model),
      epoch_(options.epoch),
      salt_(options.salt),
      by_key_(options.by_key),
      owners_(options.owners),
      thread_slots_(options.arms[0].version->thread_slots()),
      stats_(std::make_unique<RolloutStats[]>(thread_slots_)) {
  if (by_key_ && !owners_.empty()) units_ = std::make_shared<UnitBitmap>();
  const auto add = [&](const RolloutArm& arm, Role role, const std::shared_ptr<UnitBitmap>& units) {
    return std::make_shared<ServedVersion>(arm.version, options.queue_items_max, role, epoch_,
                                           units);
  };
  for (const RolloutArm& arm : options.arms) arms_.push_back(add(arm, arm.role, units_));
  if (!owners_.empty()) unsplit_ = add(options.arms[0], Role::unsplit, nullptr);
  for (const RolloutShadow& shadow : options.shadows) add_shadow(shadow, options.shadow_options);
}

void Rollout::add_shadow(const RolloutShadow& shadow, ShadowOptions options) {
  options.sample_ppm = shadow.sample_ppm;
  options.rules = shadow.rules;
  const ModelVersion& source = *arms_[shadow.source_arm]->version;
  shadows_.push_back(std::make_shared<Shadow>(shadow.version, source, options));
  for (size_t i = 0; i < arms_.size(); ++i) {
    const bool is_champions = shadow.source_arm == 0 && arms_[i]->role == Role::control;
    if (i == shadow.source_arm || is_champions) arms_[i]->shadows.push_back(shadows_.back());
  }
}

uint64_t Rollout::hash(BytesView salt, BytesView key) {
  if (salt.size() + key.size() <= kSaltBytes + kShortKeyBytes) {
    char joined[kSaltBytes + kShortKeyBytes];
    std::memcpy(joined, salt.data(), salt.size());
    std::memcpy(joined + salt.size(), key.data(), key.size());
    return XXH3_64bits(joined, salt.size() + key.size());
  }
  const std::string joined = std::string(salt).append(key);
  return XXH3_64bits(joined.data(), joined.size());
}

void Rollout::choose(BytesView key, uint64_t lottery, uint32_t slot, Assignment& out) const {
  out.served = &arms_[0];
  if (owners_.empty()) return;
  if (key.empty() && by_key_) {
    out.served = &unsplit_;
    out.left_out = &stats_[slot];
    out.is_unkeyed = true;
    return;
  }
  const uint64_t hashed = key.empty() ? lottery : hash(salt_, key);
  const auto bucket = static_cast<uint32_t>(hashed >> 48);
  out.bucket = static_cast<int32_t>(bucket);
  out.unit = static_cast<uint32_t>(hashed >> (64 - UnitBitmap::kUnitBits));
  out.has_unit = by_key_;
  out.served = &arms_[static_cast<uint8_t>(owners_[bucket])];
}

void Rollout::choose_champion(uint32_t slot, Assignment& out) const {
  out.served = &unsplit_;
  out.left_out = &stats_[slot];
  out.is_unkeyed = false;
}

UnitBitmap::Counts Rollout::units_of(size_t arm) const {
  UnitBitmap::Counts sum;
  if (units_ == nullptr) return sum;
  for (uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (static_cast<uint8_t>(owners_[bucket]) != arm) continue;
    const UnitBitmap::Counts counts = units_->count(bucket * kUnitsPerBucket, kUnitsPerBucket);
    sum.seen += counts.seen;
    sum.failed += counts.failed;
  }
  return sum;
}

}  // namespace tiltyard
