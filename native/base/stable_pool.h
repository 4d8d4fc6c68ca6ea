// Objects that are used for one cycle and then used again: addresses stay, capacity stays.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace tiltyard {

template <typename T>
class StablePool {
 public:
  // The next object, as its last user left it.
  T& push() {
    if (size_ == items_.size()) items_.push_back(std::make_unique<T>());
    return *items_[size_++];
  }
  void pop() { --size_; }
  void clear() { size_ = 0; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return *items_[i]; }

 private:
  std::vector<std::unique_ptr<T>> items_;
  size_t size_ = 0;
};

}  // namespace tiltyard
