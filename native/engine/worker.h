// One worker's run: take what can run together from a version's queue, run it, send it home.
#pragma once

#include <vector>

#include "base/stable_pool.h"
#include "engine/batch.h"
#include "engine/job.h"
#include "engine/recorder.h"
#include "engine/run_group.h"

namespace tiltyard {

class Worker final : private BatchSink {
 public:
  Worker(RecordPool& records, uint32_t slot)
      : slot_(slot), batch_(slot, RunPlace::worker), recorder_(records, slot), group_(slot) {}

  // Fills the group from the queue; expired and cancelled jobs go home unrun. False: nothing to
  // run.
  bool take_group(ServedVersion& served);
  // Runs the group and sends each job home.
  void run_group();

 private:
  struct Item {
    Job* job = nullptr;
    InferRequestView request;
    BoundRequest bound;

    void trim() {
      request.trim();
      bound.trim();
    }
  };
  // Decodes and binds the job again, over its own bytes. False: it went home with an error, or to
  // be routed again.
  bool prepare(Job* job, Item& item);
  bool is_worth_running(Job& job);
  void count_run();
  void send_home(Job& job);

  void on_outputs(size_t index, std::span<const OutputView> outputs) override;
  void on_error(size_t index, const Status& status) override;

  const uint32_t slot_;
  BatchRunner batch_;
  Recorder recorder_;
  StablePool<Item> items_;
  RunGroup group_;
  std::shared_ptr<ServedVersion> served_;
  Job* carried_ = nullptr;  // taken, but it did not fit the group: the next group's first
};

}  // namespace tiltyard
