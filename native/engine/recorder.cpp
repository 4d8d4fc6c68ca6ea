#include "engine/recorder.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace tiltyard {

std::optional<RecordPlane> record_plane_of(Role role, bool is_asked_for) {
  switch (role) {
    case Role::champion:
    case Role::control:
    case Role::unsplit:
      return RecordPlane::champion;
    case Role::canary:
      return RecordPlane::canary;
    case Role::pinned:
      // Without a registry there is no rollout: the newest version answers whoever names none.
      if (!is_asked_for) return RecordPlane::champion;
      return {};
  }
  return {};
}

bool is_synthetic(const InferRequestView& request) {
  for (const ParameterView& parameter : request.parameters) {
    if (parameter.key == "tiltyard_synthetic") return parameter.boolean;
  }
  return false;
}

void Recorder::record(const ServedVersion& served, const BoundRequest& request,
                      std::span<const OutputView> outputs, RecordTimes times) {
  const RecordPlan* const plan = served.version->record_plan();
  if (plan == nullptr) return;
  const std::optional<RecordPlane> plane =
      record_plane_of(served.role, !request.request->model_version.empty());
  if (!plane || is_synthetic(*request.request)) return;
  write(*plan, *plane, request, outputs, times);
}

void Recorder::record_shadow(const ModelVersion& version, const BoundRequest& request,
                             std::span<const OutputView> outputs, RecordTimes times) {
  const RecordPlan* const plan = version.record_plan();
  if (plan == nullptr || is_synthetic(*request.request)) return;
  write(*plan, RecordPlane::shadow, request, outputs, times);
}

void Recorder::record_shadowed(const ModelVersion& version, const BoundRequest& request,
                               const InferResponseView& reply, RecordTimes times) {
  const RecordPlan* const plan = version.record_plan();
  if (plan == nullptr || is_synthetic(*request.request)) return;
  source_.set_request(plan->layout().tensors(), request);
  source_.set_reply(reply);
  write_rows(*plan, RecordPlane::shadowed, request.request->id, times);
}

void Recorder::write(const RecordPlan& plan, RecordPlane plane, const BoundRequest& request,
                     std::span<const OutputView> outputs, RecordTimes times) {
  source_.set_request(plan.layout().tensors(), request);
  source_.set_outputs(outputs);
  write_rows(plan, plane, request.request->id, times);
}

void Recorder::write_rows(const RecordPlan& plan, RecordPlane plane, BytesView id,
                          RecordTimes times) {
  const size_t rows = source_.rows();
  if (rows == 0) return;
  RecordHead head;
  head.time_ns = times.answered_ns;
  head.request_hash = id.empty() ? 0 : XXH3_64bits(id.data(), id.size());
  head.request_rows = static_cast<uint32_t>(rows);
  head.latency_ns = saturated_ns(times.latency_ns);
  RecordPlan::Lane& lane = plan.lane(slot_, plane);
  lane.offered.add(rows);
  RecordBurst burst(ring_, lane.open, plan.plane_id(plane), plan.layout().stride());
  for (size_t row = 0; row < rows; ++row) {
    std::byte* const at = burst.next();
    if (at == nullptr) {
      lane.dropped.add();
      continue;
    }
    head.row = static_cast<uint32_t>(row);
    std::memcpy(at, &head, sizeof head);
    plan.layout().read_row(source_, row, reinterpret_cast<uint32_t*>(at + sizeof head));
  }
  source_.trim();
}

}  // namespace tiltyard
