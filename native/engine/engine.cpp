#include "engine/engine.h"

#include "base/assert.h"

namespace tiltyard {

Engine::Engine(OrtRuntime& runtime, const EngineOptions& options)
    : runtime_(runtime),
      shared_(options),
      slow_path_(options.limits.slow_path_items_max),
      workers_(options, *shared_.records),
      shadows_(options, *shared_.records),
      acceptor_(shared_, io_threads_),
      reclaimer_(shared_.routes) {
  TILTYARD_ASSERT(options.io_threads >= 1 && thread_slots_of(options) <= kThreadSlotsMax,
                  "the number of threads was checked before");
  shared_.workers = &workers_;
  shared_.shadows = &shadows_;
  shared_.slow_path = &slow_path_;
  for (uint32_t i = 0; i < options.io_threads; ++i) {
    io_threads_.push_back(std::make_unique<IoThread>(shared_, i));
  }
  for (const auto& io : io_threads_) io->start(io_threads_);
  workers_.start();
  shadows_.start();
  reclaimer_.start();
}

Engine::~Engine() {
  stop();
}

Status Engine::listen(const ListenOptions& options, uint16_t& port) {
  return acceptor_.start(options, port);
}

Status Engine::load_version(std::string model, int64_t number, BytesView model_bytes,
                            std::span<const ExternalFile> external, LoadOptions options,
                            std::shared_ptr<ServedVersion>& out) {
  options.thread_slots = thread_slots_of(shared_.options);
  std::shared_ptr<ModelVersion> version;
  Status status = ModelVersion::load(runtime_, std::move(model), number, model_bytes, external,
                                     options, version);
  if (!status.ok()) return status;
  version = reclaimer_.graveyard().adopt(std::move(version));
  out = std::make_shared<ServedVersion>(std::move(version), shared_.options.limits.queue_items_max);
  return {};
}

ShadowOptions Engine::shadow_options() const {
  const EngineOptions& options = shared_.options;
  ShadowOptions out;
  out.items_max = options.limits.shadow_items_max;
  out.bytes_max = options.limits.shadow_bytes_max;
  out.age_ms_max = options.limits.shadow_age_ms_max;
  out.io_threads = options.io_threads;
  out.shadow_threads = options.shadow_threads;
  return out;
}

void Engine::adopt_shadows(const Rollout& rollout) {
  for (const std::shared_ptr<Shadow>& shadow : rollout.shadows()) shadows_.adopt(shadow);
}

bool Engine::is_inline(const ModelVersion& version) const {
  const RunCost& cost = version.cost();
  return workers_.empty() || cost.lone_ns() <= shared_.options.limits.inline_run_us_max * 1e3;
}

uint64_t Engine::publish(std::vector<ModelRoute> models,
                         std::shared_ptr<const RouteTable::Replies> replies, bool ready) {
  const uint64_t epoch = reclaimer_.publish(
      std::make_unique<const RouteTable>(std::move(models), std::move(replies), ready));
  for (const auto& io : io_threads_) io->wake();
  return epoch;
}

void Engine::drain() {
  shared_.draining.store(true, std::memory_order_seq_cst);
  acceptor_.stop();
  for (const auto& io : io_threads_) io->wake();
}

bool Engine::drained() const {
  for (const auto& io : io_threads_) {
    if (io->connections() > 0) return false;
  }
  return true;
}

// Whoever can send work goes before whoever does it; what is left is freed when nobody runs.
void Engine::stop() {
  if (stopped_) return;
  stopped_ = true;
  acceptor_.stop();
  for (const auto& io : io_threads_) io->stop();
  workers_.stop();
  shadows_.stop();
  reclaimer_.stop();
  slow_path_.clear();
}

}  // namespace tiltyard
