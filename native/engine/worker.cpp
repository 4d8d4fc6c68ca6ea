#include "engine/worker.h"

#include <string>

#include "base/assert.h"
#include "base/clock.h"
#include "engine/encode_reply.h"
#include "engine/io_thread.h"
#include "grpc/compression.h"
#include "infer/finite.h"

namespace tiltyard {
bool Worker::is_worth_running(Job& job) {
  if (job.cancelled.load(std::memory_order_relaxed)) {
    job.status = make_error(Error::cancelled);
    return false;
  }
  const uint64_t now_ns = monotonic_ns();
  if (job.deadline_ns == 0 || now_ns < job.deadline_ns) return true;
  job.status =
      make_error(Error::deadline_passed, {std::to_string((now_ns - job.deadline_ns) / 1000)});
  return false;
}

bool Worker::prepare(Job* job, Item& item) {
  const ModelVersion& version = *served_->version;
  item.job = job;
  if (served_->withdrawn.load(std::memory_order_acquire)) {
    job->reroute = true;
    send_home(*job);
    return false;
  }
  if (is_worth_running(*job)) {
    job->status = decode_infer_request(job->message.view, item.request);
    if (job->status.ok()) {
      job->status = bind_request(item.request, version.model(), version.signature(),
                                 version.batch_plan().batchable, item.bound);
    }
  }
  if (job->status.ok()) return true;
  batch_.count_failure(version, job->status.error, monotonic_ns() - job->arrived_ns);
  send_home(*job);
  return false;
}

bool Worker::take_group(ServedVersion& served) {
  items_.clear();
  served_ = nullptr;
  Job* job = nullptr;
  while (carried_ == nullptr && served.queue.try_pop(job)) {
    if (served_ == nullptr) {
      served_ = job->served;
      group_.begin(*served_->version);
    }
    Item& item = items_.push();
    if (!prepare(job, item)) {
      items_.pop();
      continue;
    }
    if (!group_.fits(item.bound)) {
      carried_ = job;
      items_.pop();
      break;
    }
    group_.add(item.bound, job->arrived_ns);
    if (group_.is_full()) break;
  }
  return served_ != nullptr && !group_.empty();
}

void Worker::run_group() {
  batch_.run(*served_->version, group_.bound(), group_.arrived_ns(), *this);
  count_run();
  if (carried_ == nullptr) return;
  Job* job = std::exchange(carried_, nullptr);
  items_.clear();
  Item& item = items_.push();
  if (!prepare(job, item)) return;
  const BoundRequest* const bound = &item.bound;
  // A copy: once it is home the job may be freed.
  const uint64_t arrived_ns = job->arrived_ns;
  batch_.run(*served_->version, {&bound, 1}, {&arrived_ns, 1}, *this);
  count_run();
}

void Worker::count_run() {
  if (served_->arm != nullptr && batch_.run_ns() > 0) {
    served_->arm[slot_].run_ns.update(batch_.run_ns());
  }
}

void Worker::on_outputs(size_t index, std::span<const OutputView> outputs) {
  Item& item = items_[index];
  Job& job = *item.job;
  if (index == 0) job.run_over_predicted = batch_.run_over_predicted();
  if (has_non_finite(outputs)) job.assignment.note_non_finite(slot_);
  const size_t begin = begin_frame(job.framed);
  if (job.reply_gzip) {
    Bytes plain;
    append_reply(*served_, item.request, job.assignment.bucket, job.is_stream, outputs, plain);
    append_gzip(plain, job.framed);
    if (job.shadows_drawn != 0) job.plain = std::move(plain);
  } else {
    append_reply(*served_, item.request, job.assignment.bucket, job.is_stream, outputs, job.framed);
    if (job.shadows_drawn != 0) job.plain.assign(job.framed, begin + kGrpcPrefixBytes);
  }
  finish_frame(job.framed, begin, job.reply_gzip);
  // Before it goes home, and the request's bytes with it.
  const uint64_t answered_ns = batch_.times().run_end_ns;
  recorder_.record(*served_, item.bound, outputs, {answered_ns, answered_ns - job.arrived_ns});
  send_home(job);
}

void Worker::on_error(size_t index, const Status& status) {
  Job& job = *items_[index].job;
  job.status = status;
  send_home(job);
}

void Worker::send_home(Job& job) {
  job.home->take_home(&job);
}

}  // namespace tiltyard
