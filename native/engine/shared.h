// What all threads of an engine share. Everything in it is immutable or safe for all threads.
#pragma once

#include <atomic>
#include <memory>

#include "base/charge.h"
#include "base/limits.h"
#include "base/thread_class.h"
#include "ring/record_pool.h"
#include "route/route_cell.h"

namespace tiltyard {

class WorkerPool;
class ShadowPool;
class SlowPath;

struct EngineOptions {
  Limits limits;
  uint32_t io_threads = 1;
  uint32_t worker_threads = 1;
  uint32_t shadow_threads = 1;
  uint32_t busy_poll_us = 0;
  uint32_t allow_model_control = 0;  // 1: clients may load and unload on the data port
  uint32_t cores = usable_cores();   // what the process may use
};

// Slots that a version has for its threads: io threads, then workers, then shadow threads.
inline uint32_t thread_slots_of(const EngineOptions& options) {
  return options.io_threads + options.worker_threads + options.shadow_threads;
}

struct EngineShared {
  explicit EngineShared(const EngineOptions& chosen)
      : options(chosen),
        budget(chosen.limits.in_flight_bytes_max),
        routes(chosen.io_threads),
        records(std::make_shared<RecordPool>(thread_slots_of(chosen),
                                             chosen.limits.record_bytes_max)) {}

  const EngineOptions options;
  ByteBudget budget;
  RouteCell routes;
  const std::shared_ptr<RecordPool> records;  // shared with who reads them, perhaps for longer
  std::atomic<bool> draining{false};
  WorkerPool* workers = nullptr;  // set before the first thread starts
  ShadowPool* shadows = nullptr;
  SlowPath* slow_path = nullptr;
};

}  // namespace tiltyard
