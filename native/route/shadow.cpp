#include "route/shadow.h"

#include <algorithm>

#include "base/assert.h"

namespace tiltyard {
namespace {

bool shapes_can_meet(const Shape& a, const Shape& b) {
  if (a.rank != b.rank) return false;
  for (size_t i = 0; i < a.rank; ++i) {
    if (a[i] != b[i] && a[i] >= 0 && b[i] >= 0) return false;
  }
  return true;
}

// Whether a request that binds to `source` can bind to `shadow`, as far as the signatures say.
bool takes_inputs_of(const Signature& source, const Signature& shadow) {
  if (source.inputs.size() != shadow.inputs.size()) return false;
  return std::all_of(source.inputs.begin(), source.inputs.end(), [&](const TensorSpec& input) {
    return std::any_of(shadow.inputs.begin(), shadow.inputs.end(), [&](const TensorSpec& other) {
      return other.name == input.name && other.type == input.type &&
             shapes_can_meet(other.shape, input.shape);
    });
  });
}

// Exports often leave dimensions free that warm-up has seen.
const Shape& shape_of_output(const ModelVersion& version, size_t output) {
  return version.outputs_preallocated() ? version.output_shapes()[output]
                                        : version.signature().outputs[output].shape;
}

std::vector<ShadowOutput> outputs_of(const ModelVersion& source,
                                     const std::vector<ShadowOutputRule>& rules) {
  std::vector<ShadowOutput> outputs;
  for (size_t i = 0; i < source.signature().outputs.size(); ++i) {
    const TensorSpec& spec = source.signature().outputs[i];
    const auto declared =
        std::find_if(rules.begin(), rules.end(),
                     [&](const ShadowOutputRule& rule) { return rule.output == spec.name; });
    const CompareRule rule = declared == rules.end() ? CompareRule() : declared->rule;
    outputs.push_back({spec.name, rule, mode_of(rule, spec.type, shape_of_output(source, i))});
  }
  return outputs;
}

}  // namespace

Shadow::Shadow(std::shared_ptr<ModelVersion> version, const ModelVersion& source,
               const ShadowOptions& options)
    : queue(options.items_max),
      version_(std::move(version)),
      source_(source.number()),
      sample_ppm_(options.sample_ppm),
      age_ns_max_(uint64_t{options.age_ms_max} * 1'000'000),
      outputs_(outputs_of(source, options.rules)),
      budget_(options.bytes_max),
      offering_threads_(options.io_threads),
      offers_(std::make_unique<ShadowOfferStats[]>(options.io_threads)) {
  if (version_ != nullptr) {
    takes_inputs_ = takes_inputs_of(source.signature(), version_->signature());
  }
  for (uint32_t i = 0; i < options.shadow_threads; ++i) {
    runs_.push_back(std::make_unique<ShadowRunStats>(outputs_.size()));
  }
}

Shadow::~Shadow() {
  ShadowItem* item = nullptr;
  while (queue.try_pop(item)) delete item;
}

std::optional<ShadowDrop> Shadow::refuses(size_t bytes) const {
  if (version_ == nullptr || runs_.empty()) return ShadowDrop::not_ready;
  if (!takes_inputs_) return ShadowDrop::incompatible;
  if (queue.size() >= queue.capacity()) return ShadowDrop::queue_full;
  if (budget_.in_use() + bytes > budget_.bytes_max()) return ShadowDrop::bytes_full;
  return {};
}

void Shadow::sample_out(uint32_t slot) const {
  offers_[slot].offered.add();
  offers_[slot].sampled_out.add();
}

void Shadow::drop(uint32_t slot, ShadowDrop reason) const {
  offers_[slot].offered.add();
  offers_[slot].drop(reason);
}

bool Shadow::try_push(uint32_t slot, ShadowItem* item) {
  if (const std::optional<ShadowDrop> reason = refuses(item->bytes()); reason) {
    drop(slot, *reason);
    return false;
  }
  if (!item->charge.try_set(budget_, item->bytes())) {
    drop(slot, ShadowDrop::bytes_full);
    return false;
  }
  // Counted before the push, after which a shadow thread may have counted its end.
  ShadowOfferStats& stats = offers_[slot];
  stats.offered.add();
  stats.queued.add();
  if (queue.try_push(item)) return true;
  stats.queued.set(stats.queued.get() - 1);
  stats.drop(ShadowDrop::queue_full);
  item->charge.release();
  return false;
}

}  // namespace tiltyard
