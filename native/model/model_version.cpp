#include "model/model_version.h"

#include "model/warmup.h"

namespace tiltyard {
namespace {

// A lone row that takes this long makes a session slow, and so do this many bytes of weights; those
// are not opened twice to find out.
constexpr double kArenaRunNs = 100'000;
constexpr size_t kArenaModelBytes = 16u << 20;

}  // namespace

ModelVersion::ModelVersion(OrtRuntime& runtime, std::string model, int64_t number)
    : runtime_(runtime),
      model_(std::move(model)),
      number_(number),
      number_text_(std::to_string(number)) {}

ModelVersion::~ModelVersion() = default;

Status ModelVersion::load(OrtRuntime& runtime, std::string model, int64_t number,
                          BytesView model_bytes, std::span<const ExternalFile> external,
                          const LoadOptions& options, std::shared_ptr<ModelVersion>& out) {
  std::shared_ptr<ModelVersion> version(new ModelVersion(runtime, std::move(model), number));
  LoadOptions chosen = options;
  size_t bytes = model_bytes.size();
  for (const ExternalFile& file : external) bytes += file.bytes.size();
  chosen.session.arena = bytes >= kArenaModelBytes;
  std::string what;
  bool opened = version->open(model_bytes, external, chosen, what);
  if (opened && !chosen.session.arena && version->cost_.lone_ns() >= kArenaRunNs) {
    chosen.session.arena = true;
    opened = version->open(model_bytes, external, chosen, what);
  }
  if (!opened)
    return make_error(Error::load_failed, {version->model_, version->number_text_, what});
  out = std::move(version);
  return {};
}

bool ModelVersion::open(BytesView model_bytes, std::span<const ExternalFile> external,
                        const LoadOptions& options, std::string& what) {
  threads_.clear();
  session_ = nullptr;  // first: two large sessions may not fit
  session_ = OrtSession::create(runtime_, model_bytes, external, options.session, what);
  if (session_ == nullptr) return false;
  batch_rows_max_ = options.batch_rows_max;
  for (uint32_t i = 0; i < options.thread_slots; ++i) {
    threads_.push_back(std::make_unique<ThreadState>());
  }
  return Warmup(*this, options).run(what);
}

void ModelVersion::set_record_plan(std::shared_ptr<const RecordPlan> plan) {
  const std::lock_guard lock(record_plans_mutex_);
  record_plan_.store(plan.get(), std::memory_order_release);
  if (plan != nullptr) record_plans_.push_back(std::move(plan));
}

}  // namespace tiltyard
