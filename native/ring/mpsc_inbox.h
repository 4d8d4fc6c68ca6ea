// Hands owned items from any thread to one: a lock-free stack that the owner takes whole.
//
// T has a member `T* next_in_inbox`. push() never waits and never fails; take_all() gives the items
// in the order they were pushed. Items still inside when the inbox dies are the owner's to take
// first.
#pragma once

#include <atomic>

#include "base/limits.h"

namespace tiltyard {

template <typename T>
class MpscInbox {
 public:
  // Returns whether the inbox was empty, so that the pusher knows that a wake-up may be due.
  bool push(T* item) {
    T* head = head_.load(std::memory_order_relaxed);
    do {
      item->next_in_inbox = head;
    } while (!head_.compare_exchange_weak(head, item, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
    return head == nullptr;
  }

  // All items, oldest first, linked by next_in_inbox; null when there are none. The owner's only.
  T* take_all() {
    if (head_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    T* newest = head_.exchange(nullptr, std::memory_order_acquire);
    T* oldest = nullptr;
    while (newest != nullptr) {
      T* next = newest->next_in_inbox;
      newest->next_in_inbox = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }

  bool empty() const { return head_.load(std::memory_order_seq_cst) == nullptr; }

 private:
  alignas(kCacheLineBytes) std::atomic<T*> head_{nullptr};
};

}  // namespace tiltyard
