#include "engine/shadow_worker.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/clock.h"
#include "base/reused_vector.h"

namespace tiltyard {

bool ShadowWorker::is_too_old(const ShadowItem& item, uint64_t now_ns) const {
  return now_ns - item.offered_ns > shadow_->age_ns_max();
}

void ShadowWorker::fail(ShadowItem* item, Error error) {
  stats().error.add();
  stats().errors[static_cast<size_t>(error)].add();
  home_.give_back(item);
}

bool ShadowWorker::prepare(ShadowItem* item, Item& to) {
  to.item = item;
  to.taken_ns = monotonic_ns();
  if (is_too_old(*item, to.taken_ns)) {
    stats().expired.add();
    home_.give_back(item);
    return false;
  }
  const ModelVersion& version = *shadow_->version();
  Status status = decode_infer_request(item->request, to.request);
  if (status.ok()) {
    status = bind_request(to.request, version.model(), version.signature(),
                          version.batch_plan().batchable, to.bound);
  }
  if (status.ok()) return true;
  fail(item, status.error);
  return false;
}

void ShadowWorker::begin_group() {
  const ModelVersion& version = *shadow_->version();
  TILTYARD_ASSERT(slot_ < version.thread_slots(),
                  "a version that is shown requests has a slot for every shadow thread");
  group_.begin(version);
}

bool ShadowWorker::take_group(const std::shared_ptr<Shadow>& shadow) {
  items_.clear();
  shadow_ = shadow;
  ShadowItem* next = nullptr;
  bool has_begun = false;
  while (shadow->queue.try_pop(next)) {
    if (!std::exchange(has_begun, true)) begin_group();
    Item& item = items_.push();
    if (!prepare(next, item)) {
      items_.pop();
      continue;
    }
    if (!group_.fits(item.bound)) {
      carried_ = next;
      items_.pop();
      break;
    }
    group_.add(item.bound, next->offered_ns);
    if (group_.is_full()) break;
  }
  if (has_begun && !group_.empty()) return true;
  shadow_ = nullptr;
  return false;
}

void ShadowWorker::run(std::span<const BoundRequest* const> bound,
                       std::span<const uint64_t> offered_ns) {
  batch_.run(*shadow_->version(), bound, offered_ns, *this);
  if (batch_.run_ns() > 0) stats().run_ns.update(batch_.run_ns());
}

void ShadowWorker::run_group() {
  run(group_.bound(), group_.arrived_ns());
  if (carried_ != nullptr) {
    items_.clear();
    Item& item = items_.push();
    if (prepare(std::exchange(carried_, nullptr), item)) {
      const BoundRequest* const bound = &item.bound;
      run({&bound, 1}, {&item.item->offered_ns, 1});
    }
  }
  batch_.release_outputs();
  shadow_ = nullptr;
}

void ShadowWorker::on_outputs(size_t index, std::span<const OutputView> outputs) {
  const Item& taken = items_[index];
  ShadowItem* const item = taken.item;
  const ModelVersion& version = *shadow_->version();
  const uint64_t answered_ns = batch_.times().run_end_ns;
  const uint64_t latency_ns = answered_ns - taken.taken_ns;
  recorder_.record_shadow(version, taken.bound, outputs, {answered_ns, latency_ns});
  const Status status = item->is_stream ? decode_stream_response(item->reply, champion_)
                                        : decode_infer_response(item->reply, champion_);
  if (!status.ok()) return fail(item, status.error);
  compare(outputs);
  recorder_.record_shadowed(version, taken.bound, champion_, {answered_ns, item->champion_ns});
  champion_.trim();
  stats().latency.update(latency_ns);
  stats().champion_latency.update(item->champion_ns);
  stats().ok.add();
  home_.give_back(item);
}

void ShadowWorker::on_error(size_t index, const Status& status) {
  fail(items_[index].item, status.error);
}

void ShadowWorker::compare(std::span<const OutputView> outputs) {
  for (const ReplyOutputView& champion : champion_.outputs) {
    const std::vector<ShadowOutput>& known = shadow_->outputs();
    const auto output = std::find_if(known.begin(), known.end(), [&](const ShadowOutput& other) {
      return other.name == champion.name;
    });
    TILTYARD_ASSERT(output != known.end(), "a reply has no output that its version has not");
    const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const OutputView& other) {
      return other.spec->name == champion.name;
    });
    TensorView shadow;
    if (found != outputs.end()) shadow = {found->spec->type, found->shape, found->data};
    compare_output(champion.tensor, found == outputs.end() ? nullptr : &shadow, output->rule,
                   comparison_);
    count(static_cast<size_t>(output - known.begin()));
  }
  clear_and_trim(comparison_.row_differences, kSlotsKept);
}

void ShadowWorker::count(size_t output) {
  ShadowOutputStats& counts = stats().outputs[output];
  switch (comparison_.mismatch) {
    case Mismatch::missing:
      return counts.missing.add();
    case Mismatch::dtype:
      return counts.wrong_dtype.add();
    case Mismatch::shape:
      return counts.wrong_shape.add();
    case Mismatch::none:
      break;
  }
  counts.compared.add();
  counts.add_disagreement(comparison_.disagreement());
  if (comparison_.champion_non_finite > 0) counts.champion_non_finite.add();
  if (comparison_.shadow_non_finite > 0) counts.shadow_non_finite.add();
  for (const double difference : comparison_.row_differences) {
    counts.add_score_difference(difference);
  }
}

}  // namespace tiltyard
