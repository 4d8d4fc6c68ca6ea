#include "route/assignment.h"

#include "route/rollout.h"

namespace tiltyard {
namespace {

// What the client has got wrong would be wrong on any version.
bool is_the_clients(Error error) {
  const GrpcCode code = grpc_code(error);
  return code == GrpcCode::invalid_argument || code == GrpcCode::cancelled;
}

}  // namespace

void Assignment::assign(uint32_t slot) {
  if (is_counted) return;
  is_counted = true;
  if (left_out != nullptr) (is_unkeyed ? left_out->unkeyed : left_out->ineligible).add();
  ArmStats* const stats = arm(slot);
  if (stats == nullptr) return;
  stats->assigned.add();
  if (has_unit && (*served)->units != nullptr) is_first_of_unit = (*served)->units->see(unit);
}

void Assignment::complete(uint32_t slot, uint64_t latency_ns) const {
  ArmStats* const stats = arm(slot);
  if (stats == nullptr) return;
  stats->completed.add();
  stats->latency.update(latency_ns);
}

void Assignment::fail(uint32_t slot, Error error) const {
  ArmStats* const stats = arm(slot);
  if (stats == nullptr) return;
  (error == Error::cancelled ? stats->cancelled : stats->errors[static_cast<size_t>(error)]).add();
  if (is_first_of_unit && !is_the_clients(error)) (*served)->units->fail(unit);
}

void Assignment::reroute(uint32_t slot) const {
  if (ArmStats* const stats = arm(slot); stats != nullptr) stats->rerouted.add();
}

void Assignment::note_non_finite(uint32_t slot) const {
  if (ArmStats* const stats = arm(slot); stats != nullptr) stats->non_finite.add();
}

}  // namespace tiltyard
