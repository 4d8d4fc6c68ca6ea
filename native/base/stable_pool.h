// Objects that are used for one cycle and then used again: addresses stay, and so does capacity, up
// to what is usual.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/limits.h"

namespace tiltyard {

// T has trim(), which gives back what one unusual request made the object grow to.
template <typename T>
class StablePool {
 public:
  // The next object, as its last user left it.
  T& push() {
    if (size_ == items_.size()) items_.push_back(std::make_unique<T>());
    return *items_[size_++];
  }
  void pop() { items_[--size_]->trim(); }
  // Trims the objects, and frees those beyond kSlotsKept.
  void clear() {
    for (size_t i = 0; i < size_; ++i) items_[i]->trim();
    if (items_.size() > kSlotsKept) items_.resize(kSlotsKept);
    size_ = 0;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Objects it holds memory for.
  size_t kept() const { return items_.size(); }
  T& operator[](size_t i) { return *items_[i]; }

 private:
  std::vector<std::unique_ptr<T>> items_;
  size_t size_ = 0;
};

}  // namespace tiltyard
