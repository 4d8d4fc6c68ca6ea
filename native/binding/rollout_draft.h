// What Python hands over to make a rollout, in C++ shapes.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "route/rollout.h"

namespace tiltyard {

// A rollout in the making. Arm 0 is the champion; canary i is arm 1 + 2i, and arm 2 + 2i its
// control: the champion, in groups of its own.
class RolloutDraft {
 public:
  RolloutDraft(const std::shared_ptr<ServedVersion>& champion, uint64_t epoch);
  void add_canary(const std::shared_ptr<ServedVersion>& served);
  // `source_arm` is the arm whose answers it sees.
  void add_shadow(const std::shared_ptr<ServedVersion>& served, uint32_t sample_ppm,
                  uint32_t source_arm);
  // How the last shadow added compares an output; what is wrong, in a sentence, or empty.
  std::string add_rule(const std::string& output, const std::string& mode, double atol,
                       double rtol);
  void split(const std::string& salt, bool by_key, const std::string& owners);
  // What is wrong, in a sentence; empty: `out` is set.
  std::string make(Engine& engine, std::shared_ptr<Rollout>& out);

 private:
  RolloutOptions options_;
};

}  // namespace tiltyard
