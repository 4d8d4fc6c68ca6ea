#include "route/route_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>

namespace tiltyard {
namespace {

uint64_t hash_of(BytesView name) {
  return XXH3_64bits(name.data(), name.size());
}

}  // namespace

RouteTable::RouteTable(std::vector<ModelRoute> models, std::shared_ptr<const Replies> replies,
                       bool ready)
    : models_(std::move(models)), replies_(std::move(replies)), ready_(ready) {
  // At most half full, so that a miss ends soon.
  buckets_.assign(std::bit_ceil(models_.size() * 2 + 1), 0);
  bucket_mask_ = buckets_.size() - 1;
  for (size_t i = 0; i < models_.size(); ++i) {
    uint64_t at = hash_of(models_[i].name) & bucket_mask_;
    while (buckets_[at] != 0) at = (at + 1) & bucket_mask_;
    buckets_[at] = static_cast<uint32_t>(i + 1);
  }
}

const ModelRoute* RouteTable::find(BytesView model) const {
  uint64_t at = hash_of(model) & bucket_mask_;
  while (buckets_[at] != 0) {
    const ModelRoute& route = models_[buckets_[at] - 1];
    if (route.name == model) return &route;
    at = (at + 1) & bucket_mask_;
  }
  return nullptr;
}

std::string RouteTable::reply_key(BytesView method, BytesView model, BytesView version) {
  std::string key;
  key.append(method).append(1, '\0').append(model).append(1, '\0').append(version);
  return key;
}

const Bytes* RouteTable::find_reply(BytesView method, BytesView model, BytesView version) const {
  if (replies_ == nullptr) return nullptr;
  const auto found = replies_->find(reply_key(method, model, version));
  return found == replies_->end() ? nullptr : &found->second;
}

}  // namespace tiltyard
