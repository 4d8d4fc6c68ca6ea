#include "route/served_version.h"

namespace tiltyard {

const char* role_name(Role role) {
  switch (role) {
    case Role::pinned:
      return "pinned";
    case Role::canary:
      return "canary";
    case Role::control:
      return "control";
    case Role::unsplit:
      return "unsplit";
    case Role::champion:
      return "champion";
  }
  return "champion";
}

ServedVersion::ServedVersion(std::shared_ptr<ModelVersion> loaded, uint32_t queue_items_max)
    : ServedVersion(std::move(loaded), queue_items_max, Role::pinned, 0, nullptr) {}

ServedVersion::ServedVersion(std::shared_ptr<ModelVersion> loaded, uint32_t queue_items_max,
                             Role in_role, uint64_t rollout_epoch,
                             std::shared_ptr<UnitBitmap> unit_bitmap)
    : version(std::move(loaded)),
      queue(queue_items_max),
      role(in_role),
      epoch(rollout_epoch),
      arm(version == nullptr ? nullptr : std::make_unique<ArmStats[]>(version->thread_slots())),
      units(std::move(unit_bitmap)) {}

}  // namespace tiltyard
