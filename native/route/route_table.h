// The immutable table that answers "which version serves this request", and precomputed replies.
//
// Built by the control plane, published through a RouteCell, read by io threads without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "route/rollout.h"
#include "route/served_version.h"

namespace tiltyard {

struct UnreadyVersion {
  int64_t number = 0;
  std::string reason;
};

struct ModelRoute {
  std::string name;
  std::vector<std::shared_ptr<ServedVersion>> versions;  // pinned; ascending by number
  std::vector<UnreadyVersion> unready;
  // Who serves a request that names no version. Null: the newest version, unless a champion is
  // chosen that is not ready.
  std::shared_ptr<const Rollout> rollout = nullptr;
  int64_t champion = 0;  // 0: none is chosen

  // What answers where no version is named; null when nothing can.
  const std::shared_ptr<ServedVersion>* default_version() const {
    if (rollout != nullptr) return &rollout->champion();
    return versions.empty() || champion != 0 ? nullptr : &versions.back();
  }
};

class RouteTable {
 public:
  using Replies = std::unordered_map<std::string, Bytes>;

  // `replies` may be shared with other tables; null: there are none. `ready` is what ServerReady
  // and health answer.
  RouteTable(std::vector<ModelRoute> models, std::shared_ptr<const Replies> replies, bool ready);

  // Null when there is no such model.
  const ModelRoute* find(BytesView model) const;
  const std::vector<ModelRoute>& models() const { return models_; }
  bool ready() const { return ready_; }

  // A precomputed reply, or null. The key of a reply is made by reply_key().
  const Bytes* find_reply(BytesView method, BytesView model, BytesView version) const;
  static std::string reply_key(BytesView method, BytesView model, BytesView version);

 private:
  std::vector<ModelRoute> models_;
  std::vector<uint32_t> buckets_;  // open addressing by XXH3-64 of the name; index + 1, 0 is free
  uint64_t bucket_mask_ = 0;
  std::shared_ptr<const Replies> replies_;
  bool ready_;
};

}  // namespace tiltyard
