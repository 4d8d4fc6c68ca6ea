#include "model/model_version.h"

#include "model/warmup.h"

namespace tiltyard {

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
  const auto failed = [&version](const std::string& what) {
    return make_error(Error::load_failed, {version->model_, version->number_text_, what});
  };
  std::string what;
  version->session_ = OrtSession::create(runtime, model_bytes, external, options.session, what);
  if (version->session_ == nullptr) return failed(what);
  version->batch_rows_max_ = options.batch_rows_max;
  for (uint32_t i = 0; i < options.thread_slots; ++i) {
    version->threads_.push_back(std::make_unique<ThreadState>());
  }
  if (!Warmup(*version, options).run(what)) return failed(what);
  out = std::move(version);
  return {};
}

}  // namespace tiltyard
