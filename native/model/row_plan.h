// The planned way of a run: fixed buffers, and OrtValues over them for each row count.
#pragma once

#include "model/model_version.h"
#include "model/run_buffers.h"

namespace tiltyard {

// Makes the planned buffers and the plan for `rows` where the version allows it. Null: a loose run.
// `buffers` are those of the calling thread.
RowPlan* plan_for(const ModelVersion& version, RunBuffers& buffers, int64_t rows);

}  // namespace tiltyard
