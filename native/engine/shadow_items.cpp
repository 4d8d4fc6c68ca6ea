#include "engine/shadow_items.h"

namespace tiltyard {
namespace {

// Keeps room of a usual size.
void empty(Bytes& bytes) {
  if (bytes.capacity() > kMessageBytesKept) {
    free_bytes(bytes);
  } else {
    bytes.clear();
  }
}

void empty(ShadowItem& item) {
  empty(item.request);
  empty(item.reply);
  item.charge.release();
}

}  // namespace

ShadowItems::~ShadowItems() {
  for (Home& home : homes_) take_given_back(home);
}

std::unique_ptr<ShadowItem> ShadowItems::make(uint32_t home) {
  Home& from = homes_[home];
  if (from.kept.empty()) take_given_back(from);
  if (from.kept.empty()) {
    auto item = std::make_unique<ShadowItem>();
    item->home = home;
    return item;
  }
  std::unique_ptr<ShadowItem> item = std::move(from.kept.back());
  from.kept.pop_back();
  return item;
}

void ShadowItems::keep(std::unique_ptr<ShadowItem> item) {
  empty(*item);
  std::vector<std::unique_ptr<ShadowItem>>& kept = homes_[item->home].kept;
  if (kept.size() < kItemsKept) kept.push_back(std::move(item));
}

void ShadowItems::give_back(ShadowItem* item) {
  empty(*item);
  homes_[item->home].given_back.push(item);
}

void ShadowItems::take_given_back(Home& home) {
  for (ShadowItem* item = home.given_back.take_all(); item != nullptr;) {
    std::unique_ptr<ShadowItem> owned(item);
    item = item->next_in_inbox;
    if (home.kept.size() < kItemsKept) home.kept.push_back(std::move(owned));
  }
}

}  // namespace tiltyard
