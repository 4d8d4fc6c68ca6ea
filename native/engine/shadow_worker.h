// One shadow thread's run: take what can run together from a shadow's queue, run it, compare.
//
// The thread's own. Every item it takes is counted as ok, error or expired, and goes back to the
// io thread that made it.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/stable_pool.h"
#include "engine/batch.h"
#include "engine/recorder.h"
#include "engine/run_group.h"
#include "engine/shadow_items.h"
#include "infer/output_compare.h"
#include "infer/response_decode.h"
#include "route/shadow.h"

namespace tiltyard {

class ShadowWorker final : private BatchSink {
 public:
  // `index` is the thread's number among the shadow threads, `slot` its place in every version.
  ShadowWorker(ShadowItems& home, RecordPool& records, uint32_t index, uint32_t slot)
      : home_(home),
        index_(index),
        slot_(slot),
        batch_(slot, RunPlace::shadow),
        recorder_(records, slot),
        group_(slot) {}

  // Fills the group from the queue; what is too old goes home unrun. False: nothing to run.
  bool take_group(const std::shared_ptr<Shadow>& shadow);
  // Runs the group and lets go of the shadow.
  void run_group();

 private:
  struct Item {
    ShadowItem* item = nullptr;
    uint64_t taken_ns = 0;
    InferRequestView request;
    BoundRequest bound;

    void trim() {
      request.trim();
      bound.trim();
    }
  };
  ShadowRunStats& stats() const { return shadow_->runs(index_); }
  // Decodes and binds the request over the item's own bytes. False: it has gone home.
  bool prepare(ShadowItem* item, Item& to);
  void begin_group();
  bool is_too_old(const ShadowItem& item, uint64_t now_ns) const;
  void run(std::span<const BoundRequest* const> bound, std::span<const uint64_t> offered_ns);
  void fail(ShadowItem* item, Error error);
  void compare(std::span<const OutputView> outputs);
  void count(size_t output);

  void on_outputs(size_t index, std::span<const OutputView> outputs) override;
  void on_error(size_t index, const Status& status) override;

  ShadowItems& home_;
  const uint32_t index_;
  const uint32_t slot_;
  BatchRunner batch_;
  Recorder recorder_;
  StablePool<Item> items_;
  RunGroup group_;
  std::shared_ptr<Shadow> shadow_;
  ShadowItem* carried_ = nullptr;  // taken, but it did not fit the group: it is run alone
  InferResponseView champion_;     // the reply of the item in hand
  OutputComparison comparison_;
};

}  // namespace tiltyard
