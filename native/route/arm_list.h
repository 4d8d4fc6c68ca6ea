// The arms that may still have jobs in their queues, those of replaced route tables included.
//
// The control plane's, under its lock.
#pragma once

#include <memory>
#include <vector>

#include "route/route_table.h"

namespace tiltyard {

class ArmList {
 public:
  // `table` has come in force: marks each arm as withdrawn whose version it routes nobody to.
  void follow(const RouteTable& table);
  size_t size() const { return arms_.size(); }

 private:
  void add(const std::shared_ptr<ServedVersion>& arm);

  std::vector<std::weak_ptr<ServedVersion>> arms_;
};

}  // namespace tiltyard
