// A loaded version in one role: pinned by its number, or an arm of a rollout.
//
// It has the queue of jobs that wait for a worker, and what an arm counts. Requests of two roles
// never share a group, so that a control arm's runs are its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "model/model_version.h"
#include "ring/mpmc_queue.h"
#include "route/shadow.h"
#include "route/unit_bitmap.h"
#include "stats/arm_stats.h"

namespace tiltyard {

struct Job;

// `unsplit`: the champion for requests that the split cannot place. They are counted apart, so that
// champion, controls and canaries can be compared.
enum class Role : uint8_t { pinned, champion, canary, control, unsplit };

const char* role_name(Role role);

struct ServedVersion {
  // Outside any rollout; `loaded` may be null where nothing is run or counted.
  ServedVersion(std::shared_ptr<ModelVersion> loaded, uint32_t queue_items_max);
  // An arm; `unit_bitmap` may be null.
  ServedVersion(std::shared_ptr<ModelVersion> loaded, uint32_t queue_items_max, Role in_role,
                uint64_t rollout_epoch, std::shared_ptr<UnitBitmap> unit_bitmap);

  const std::shared_ptr<ModelVersion> version;
  MpmcQueue<Job*> queue;
  // How many workers are on their way to this queue, or at it; see WorkerPool.
  std::atomic<uint32_t> workers_called{0};

  const Role role = Role::pinned;
  const uint64_t epoch = 0;  // the rollout's
  // The table in force routes nobody here any more: what waits in the queue is routed again.
  std::atomic<bool> withdrawn{false};
  bool is_listed = false;                 // in the ArmList, whose lock guards it
  const std::unique_ptr<ArmStats[]> arm;  // by thread slot; null where nothing is loaded
  const std::shared_ptr<UnitBitmap> units;
  Shadows shadows;  // that see what it answers; set before anybody is routed here
};

}  // namespace tiltyard
