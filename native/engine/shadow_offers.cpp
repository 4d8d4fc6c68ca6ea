#include "engine/shadow_offers.h"

#include "base/random.h"
#include "base/reused_vector.h"

namespace tiltyard {
namespace {

// Above this a message's own bytes move to the item; less is copied, into room it has already.
constexpr size_t kMovedBytesMin = kMessageBytesKept;

void take_request(GrpcMessage& message, bool is_last_taker, ShadowItem& item) {
  if (is_last_taker && message.owned.size() > kMovedBytesMin) {
    item.request.swap(message.owned);
  } else {
    item.request.assign(message.view);
  }
}

}  // namespace

uint32_t ShadowOffers::draw(const Shadows& shadows) {
  uint32_t drawn = 0;
  for (size_t i = 0; i < shadows.size(); ++i) {
    if (shadows[i]->samples(splitmix64(lots_))) drawn |= 1u << i;
  }
  return drawn;
}

void ShadowOffers::keep(const Shadows& shadows, uint32_t drawn, GrpcMessage& message,
                        BytesView reply, bool is_stream, uint64_t arrived_ns) {
  for (size_t i = 0; i < shadows.size(); ++i) {
    Shadow& shadow = *shadows[i];
    if ((drawn >> i & 1) == 0) {
      shadow.sample_out(io_thread_);
      continue;
    }
    if (const auto reason = shadow.refuses(message.view.size() + reply.size()); reason) {
      shadow.drop(io_thread_, *reason);
      continue;
    }
    std::unique_ptr<ShadowItem> item = shared_.shadows->items().make(io_thread_);
    item->reply.assign(reply);
    item->is_stream = is_stream;
    kept_.push_back({&shadow, std::move(item), &message, arrived_ns});
  }
}

void ShadowOffers::keep_ending(const Shadows& shadows, uint32_t drawn, GrpcMessage& message,
                               BytesView reply, bool is_stream, uint64_t arrived_ns) {
  const size_t before = kept_.size();
  keep(shadows, drawn, message, reply, is_stream, arrived_ns);
  for (size_t i = before; i < kept_.size(); ++i) {
    take_request(message, i + 1 == kept_.size(), *kept_[i].item);
    kept_[i].message = nullptr;
  }
}

void ShadowOffers::offer(uint64_t flushed_ns) {
  if (kept_.empty()) return;
  bool is_wake_due = false;
  for (size_t i = 0; i < kept_.size(); ++i) {
    Kept& kept = kept_[i];
    if (kept.message != nullptr) {
      const bool is_last_taker = i + 1 == kept_.size() || kept_[i + 1].message != kept.message;
      take_request(*kept.message, is_last_taker, *kept.item);
    }
    kept.item->offered_ns = flushed_ns;
    kept.item->champion_ns = flushed_ns - kept.arrived_ns;
    is_wake_due |= shared_.shadows->offer(*kept.shadow, std::move(kept.item));
  }
  clear_and_trim(kept_, kSlotsKept);
  if (is_wake_due) shared_.shadows->wake();
}

}  // namespace tiltyard
