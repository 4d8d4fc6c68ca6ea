// One thread's records of the requests it has answered: every row of each, once, into its ring.
//
// Nothing is recorded of a version without a RecordPlan, of pinned requests, and of synthetic ones.
// It never waits and never changes a reply; rows that find no free block are dropped and counted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "infer/record_source.h"
#include "infer/request_bind.h"
#include "infer/response_decode.h"
#include "infer/response_encode.h"
#include "model/model_version.h"
#include "ring/record_pool.h"
#include "route/served_version.h"

namespace tiltyard {

// The plane of what a version has answered in a role; empty: it is not recorded. `is_asked_for`:
// the request names the version by its number.
std::optional<RecordPlane> record_plane_of(Role role, bool is_asked_for);
// Whether the client says that the request is no real one.
bool is_synthetic(const InferRequestView& request);

struct RecordTimes {
  uint64_t answered_ns = 0;  // monotonic
  uint64_t latency_ns = 0;
};

class Recorder {
 public:
  // The thread of `slot`: its place in every version, and its ring in the pool.
  Recorder(RecordPool& pool, uint32_t slot) : ring_(pool.ring(slot)), slot_(slot) {}

  // `served` has answered the request.
  void record(const ServedVersion& served, const BoundRequest& request,
              std::span<const OutputView> outputs, RecordTimes times);
  // A shadow has: what it has computed.
  void record_shadow(const ModelVersion& version, const BoundRequest& request,
                     std::span<const OutputView> outputs, RecordTimes times);
  // And what the champion's reply to the same request was.
  void record_shadowed(const ModelVersion& version, const BoundRequest& request,
                       const InferResponseView& reply, RecordTimes times);

  // What all of them come to, for a request that is recorded.
  void write(const RecordPlan& plan, RecordPlane plane, const BoundRequest& request,
             std::span<const OutputView> outputs, RecordTimes times);

 private:
  void write_rows(const RecordPlan& plan, RecordPlane plane, BytesView id, RecordTimes times);

  RecordRing& ring_;
  const uint32_t slot_;
  RecordSource source_;
};

}  // namespace tiltyard
