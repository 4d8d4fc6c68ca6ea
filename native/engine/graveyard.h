// Where versions go that nobody uses any more: the reclaimer frees them, at the lowest priority.
//
// The last to let go of a version may be an io thread that has just answered its last request, and
// freeing a session can take milliseconds. So what the engine hands out is a shared pointer whose
// end brings the version here instead.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "model/model_version.h"
#include "ring/mpsc_inbox.h"

namespace tiltyard {

class Graveyard : public std::enable_shared_from_this<Graveyard> {
 public:
  // `on_burial` is told, by whoever let go last, that there is something to free.
  explicit Graveyard(std::function<void()> on_burial) : on_burial_(std::move(on_burial)) {}
  ~Graveyard() { free_buried(); }

  // The same version, to be buried here when its last user lets go of it.
  std::shared_ptr<ModelVersion> adopt(std::shared_ptr<ModelVersion> version);
  // The reclaimer's; whether anything was freed.
  bool free_buried();
  // Nobody frees any more: from now on a version dies where it is let go of.
  void close();

 private:
  struct Grave {
    std::shared_ptr<ModelVersion> version;
    Grave* next_in_inbox = nullptr;
  };
  void bury(std::shared_ptr<ModelVersion> version);

  const std::function<void()> on_burial_;
  std::atomic<bool> closed_{false};
  MpscInbox<Grave> graves_;
};

}  // namespace tiltyard
