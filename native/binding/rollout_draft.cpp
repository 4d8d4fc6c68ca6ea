#include "binding/rollout_draft.h"

namespace tiltyard {

RolloutDraft::RolloutDraft(const std::shared_ptr<ServedVersion>& champion, uint64_t epoch) {
  options_.model = champion->version->model();
  options_.epoch = epoch;
  options_.arms.push_back({Role::champion, champion->version});
}

void RolloutDraft::add_canary(const std::shared_ptr<ServedVersion>& served) {
  options_.arms.push_back({Role::canary, served->version});
  options_.arms.push_back({Role::control, options_.arms.front().version});
}

void RolloutDraft::add_shadow(const std::shared_ptr<ServedVersion>& served, uint32_t sample_ppm,
                              uint32_t source_arm) {
  options_.shadows.push_back({served->version, sample_ppm, source_arm});
}

std::string RolloutDraft::add_rule(const std::string& output, const std::string& mode, double atol,
                                   double rtol) {
  const std::optional<CompareMode> found = compare_mode_of(mode);
  if (!found) {
    return "output '" + output + "' is compared as label, argmax or tolerance; got '" + mode + "'";
  }
  CompareRule rule;
  rule.mode = *found;
  if (rule.mode == CompareMode::tolerance) {
    rule.atol = atol;
    rule.rtol = rtol;
  }
  options_.shadows.back().rules.push_back({output, rule});
  return "";
}

void RolloutDraft::split(const std::string& salt, bool by_key, const std::string& owners) {
  options_.salt = salt;
  options_.by_key = by_key;
  options_.owners = owners;
}

std::string RolloutDraft::make(Engine& engine, std::shared_ptr<Rollout>& out) {
  options_.queue_items_max = engine.options().limits.queue_items_max;
  options_.shadow_options = engine.shadow_options();
  std::string problem = Rollout::problem(options_);
  if (!problem.empty()) return problem;
  out = std::make_shared<Rollout>(options_);
  engine.adopt_shadows(*out);
  return "";
}

}  // namespace tiltyard
