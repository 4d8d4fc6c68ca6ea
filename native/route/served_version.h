// A loaded version in service: the model, and the queue of jobs that wait for a worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "model/model_version.h"
#include "ring/mpmc_queue.h"

namespace tiltyard {

struct Job;

struct ServedVersion {
  ServedVersion(std::shared_ptr<ModelVersion> loaded, uint32_t queue_items_max)
      : version(std::move(loaded)), queue(queue_items_max) {}

  const std::shared_ptr<ModelVersion> version;
  MpmcQueue<Job*> queue;
  // How many workers are on their way to this queue, or at it; see WorkerPool.
  std::atomic<uint32_t> workers_called{0};
};

}  // namespace tiltyard
