#include "route/arm_list.h"

#include <algorithm>
#include <utility>

namespace tiltyard {
namespace {

bool is_routed(const RouteTable& table, const ModelVersion& version) {
  const ModelRoute* route = table.find(version.model());
  if (route == nullptr || route->rollout == nullptr) return false;
  const auto& arms = route->rollout->arms();
  return std::any_of(arms.begin(), arms.end(),
                     [&](const auto& arm) { return arm->version.get() == &version; });
}

}  // namespace

void ArmList::add(const std::shared_ptr<ServedVersion>& arm) {
  if (arm == nullptr || std::exchange(arm->is_listed, true)) return;
  arms_.push_back(arm);
}

void ArmList::follow(const RouteTable& table) {
  std::erase_if(arms_, [](const auto& arm) { return arm.expired(); });
  for (const ModelRoute& route : table.models()) {
    if (route.rollout == nullptr) continue;
    for (const auto& arm : route.rollout->arms()) add(arm);
    add(route.rollout->unsplit());
  }
  for (const std::weak_ptr<ServedVersion>& weak : arms_) {
    const std::shared_ptr<ServedVersion> arm = weak.lock();
    if (arm == nullptr) continue;
    arm->withdrawn.store(!is_routed(table, *arm->version), std::memory_order_release);
  }
}

}  // namespace tiltyard
