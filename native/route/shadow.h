// A version that is shown another's requests, and whose answers nobody gets.
//
// io threads push items and never wait; shadow threads take, run and compare them. Every request
// that is offered is counted as exactly one of sampled out, queued or dropped. It belongs to the
// arms it shadows, so when their rollout is gone it is too, and its version, and what still waits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/charge.h"
#include "base/limits.h"
#include "infer/output_compare.h"
#include "model/model_version.h"
#include "ring/mpmc_queue.h"
#include "stats/shadow_stats.h"

namespace tiltyard {

// One request and the answer it got, as copies.
struct ShadowItem {
  Bytes request;           // ModelInferRequest
  Bytes reply;             // the champion's ModelInferResponse,
  bool is_stream = false;  // or ModelStreamInferResponse
  uint32_t home = 0;       // the io thread that made it, and uses it again
  uint64_t offered_ns = 0;
  uint64_t champion_ns = 0;  // the champion's latency
  Charge charge;
  ShadowItem* next_in_inbox = nullptr;

  size_t bytes() const { return request.size() + reply.size(); }
};

// How one output is compared, where its type does not say it.
struct ShadowOutputRule {
  std::string output;
  CompareRule rule;
};

struct ShadowOptions {
  static constexpr uint32_t kAll = 1'000'000;

  uint32_t sample_ppm = kAll;  // 0: none
  std::vector<ShadowOutputRule> rules;
  uint32_t items_max = Limits().shadow_items_max;
  uint64_t bytes_max = Limits().shadow_bytes_max;  // of items that wait or run
  uint32_t age_ms_max = Limits().shadow_age_ms_max;
  uint32_t io_threads = 1;      // those who offer
  uint32_t shadow_threads = 1;  // those who run; 0: nobody does
};

// An output of the shadowed version, and how it is compared.
struct ShadowOutput {
  std::string name;
  CompareRule rule;
  CompareMode mode;  // what the rule comes to, as far as the shape is known
};

class Shadow {
 public:
  // `version` may be null: not loaded. `source` is the version whose requests it sees.
  Shadow(std::shared_ptr<ModelVersion> version, const ModelVersion& source,
         const ShadowOptions& options);
  ~Shadow();
  Shadow(const Shadow&) = delete;

  const std::shared_ptr<ModelVersion>& version() const { return version_; }
  int64_t source() const { return source_; }  // the number of the version it shadows
  uint32_t sample_ppm() const { return sample_ppm_; }
  const std::vector<ShadowOutput>& outputs() const { return outputs_; }
  uint64_t age_ns_max() const { return age_ns_max_; }
  size_t bytes_held() const { return budget_.in_use(); }

  // Whether a request is sampled for which this number was drawn, evenly from all there are.
  bool samples(uint64_t drawn) const {
    return ((drawn >> 32) * ShadowOptions::kAll) >> 32 < sample_ppm_;
  }
  // Why an item of so many bytes would be dropped now, before anything is copied; empty: it may be
  // pushed.
  std::optional<ShadowDrop> refuses(size_t bytes) const;

  // The end of each request that io thread `slot` offers: one of these.
  void sample_out(uint32_t slot) const;
  void drop(uint32_t slot, ShadowDrop reason) const;
  // Takes the item, or leaves it with the caller and counts why.
  [[nodiscard]] bool try_push(uint32_t slot, ShadowItem* item);

  uint32_t offering_threads() const { return offering_threads_; }
  const ShadowOfferStats& offers(uint32_t io_thread) const { return offers_[io_thread]; }
  uint32_t running_threads() const { return static_cast<uint32_t>(runs_.size()); }
  ShadowRunStats& runs(uint32_t shadow_thread) const { return *runs_[shadow_thread]; }

  MpmcQueue<ShadowItem*> queue;

 private:
  const std::shared_ptr<ModelVersion> version_;
  const int64_t source_;
  const uint32_t sample_ppm_;
  const uint64_t age_ns_max_;
  bool takes_inputs_ = true;  // of the shadowed version
  std::vector<ShadowOutput> outputs_;
  ByteBudget budget_;
  const uint32_t offering_threads_;
  const std::unique_ptr<ShadowOfferStats[]> offers_;
  std::vector<std::unique_ptr<ShadowRunStats>> runs_;
};

// Of one arm, at most kShadowsMax.
using Shadows = std::vector<std::shared_ptr<Shadow>>;

}  // namespace tiltyard
