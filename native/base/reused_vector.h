// Vectors that are filled for one request and then for the next: capacity stays, within reason.
//
// One request can make them grow far beyond what others need; trim() gives that back.
#pragma once

#include <cstddef>
#include <vector>

#include "base/limits.h"

namespace tiltyard {

// Empties the vector, and gives its memory back where it has room for more than `items_kept`.
template <typename T>
void clear_and_trim(std::vector<T>& items, size_t items_kept = kItemsKept) {
  if (items.capacity() > items_kept) {
    std::vector<T>().swap(items);
  } else {
    items.clear();
  }
}

// A vector whose elements survive clear(), so that what they hold keeps its capacity.
// T has trim().
template <typename T>
class ReusedVector {
 public:
  T& push() {
    if (size_ == items_.size()) items_.emplace_back();
    return items_[size_++];
  }
  void clear() { size_ = 0; }
  // As clear(), and every element gives back what it grew to; all go where they are too many.
  void trim() {
    size_ = 0;
    if (items_.capacity() > kItemsKept) return clear_and_trim(items_);
    for (T& item : items_) item.trim();
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Elements it holds memory for.
  size_t kept() const { return items_.capacity(); }
  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }

 private:
  std::vector<T> items_;
  size_t size_ = 0;
};

}  // namespace tiltyard
