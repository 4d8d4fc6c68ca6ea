#include "engine/graveyard.h"

#include <utility>

namespace tiltyard {

std::shared_ptr<ModelVersion> Graveyard::adopt(std::shared_ptr<ModelVersion> version) {
  ModelVersion* const seen = version.get();
  // The graveyard outlives whatever may be buried in it.
  auto end = [kept = std::move(version), home = shared_from_this()](ModelVersion*) mutable {
    home->bury(std::move(kept));
  };
  return std::shared_ptr<ModelVersion>(seen, std::move(end));
}

void Graveyard::bury(std::shared_ptr<ModelVersion> version) {
  if (closed_.load(std::memory_order_acquire)) return;
  graves_.push(new Grave{std::move(version)});
  on_burial_();
}

bool Graveyard::free_buried() {
  bool found = false;
  for (Grave* grave = graves_.take_all(); grave != nullptr;) {
    const std::unique_ptr<Grave> owned(grave);
    grave = grave->next_in_inbox;
    found = true;
  }
  return found;
}

void Graveyard::close() {
  closed_.store(true, std::memory_order_release);
}

}  // namespace tiltyard
