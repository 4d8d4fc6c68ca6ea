// The items that shadows get, each used again by the io thread that made it.
//
// A shadow thread frees nothing of usual size: at its priority it can be stopped for long inside of
// the allocator, with a lock that the io thread would then wait for.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ring/mpsc_inbox.h"
#include "route/shadow.h"

namespace tiltyard {

class ShadowItems {
 public:
  explicit ShadowItems(uint32_t io_threads) : homes_(io_threads) {}
  ~ShadowItems();

  // An item without content. The io thread's own, `home` is its number.
  std::unique_ptr<ShadowItem> make(uint32_t home);
  // The io thread did not need it.
  void keep(std::unique_ptr<ShadowItem> item);
  // From any thread: the item has been dealt with.
  void give_back(ShadowItem* item);

 private:
  // What an io thread keeps; more is freed.
  static constexpr size_t kItemsKept = 256;

  struct alignas(kCacheLineBytes) Home {
    MpscInbox<ShadowItem> given_back;
    std::vector<std::unique_ptr<ShadowItem>> kept;
  };
  void take_given_back(Home& home);

  std::vector<Home> homes_;
};

}  // namespace tiltyard
