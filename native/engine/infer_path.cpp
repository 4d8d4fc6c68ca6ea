#include "engine/infer_path.h"

#include <algorithm>
#include <string>

#include "base/clock.h"
#include "engine/encode_reply.h"
#include "engine/io_thread.h"
#include "engine/job.h"
#include "engine/worker_pool.h"
#include "infer/finite.h"
#include "route/router.h"

namespace tiltyard {
namespace {

// A request looks for its group among the last few: a cycle brings few models or many of a kind.
constexpr size_t kGroupsSearched = 16;

// Above this a torn message's bytes move to the job; the views into them stay good. Less is copied.
constexpr size_t kMovedBytesMin = 4'096;

void take_bytes(Job& job, GrpcMessage& message) {
  if (message.owned.size() >= kMovedBytesMin) {
    job.message.owned.swap(message.owned);
  } else {
    job.message.owned.assign(message.view);
  }
  job.message.view = job.message.owned;
}

}  // namespace

bool InferPath::accept(Call& call, ReceivedMessage& received, const RouteTable& table) {
  if (!received.is_counted) counters_.infer_requests.add();
  received.is_counted = true;
  Pending& pending = pending_.push();
  pending.received = &received;
  pending.assignment = Assignment();
  pending.deadline_ns = call.metadata.deadline_ns;
  pending.is_stream = call.metadata.method->client_streams;
  pending.ran = false;
  const Status status = route_and_bind(pending, call.metadata.routing_key, table);
  if (status.ok()) return true;
  fail(pending, status);
  pending_.pop();
  return false;
}

Status InferPath::route_and_bind(Pending& pending, BytesView metadata_key,
                                 const RouteTable& table) {
  InferRequestView& request = pending.request;
  if (Status status = decode_infer_request(pending.received->message.view, request); !status.ok()) {
    return status;
  }
  Assignment& assignment = pending.assignment;
  if (Status status =
          route_request(table, request, metadata_key, splitmix64(lottery_), slot_, assignment);
      !status.ok()) {
    return status;
  }
  const Status status = bind(pending);
  if (status.ok() || pending.served()->role != Role::canary) return status;
  // What the champion would take is not to fail because a canary has another signature.
  Assignment canarys = assignment;
  assignment.rollout->choose_champion(slot_, assignment);
  if (bind(pending).ok()) return {};
  assignment = canarys;
  return status;
}

Status InferPath::bind(Pending& pending) {
  const ModelVersion& version = pending.version();
  return bind_request(pending.request, version.model(), version.signature(),
                      version.batch_plan().batchable, pending.bound);
}

void InferPath::fail(Pending& pending, const Status& status) {
  if (pending.assignment.served != nullptr) {
    pending.assignment.assign(slot_);
    pending.assignment.fail(slot_, status.error);
    batch_.count_failure(pending.version(), status.error,
                         monotonic_ns() - pending.received->arrived_ns);
  }
  replier_.fail(pending.received->to, status, pending.request.id);
}

bool InferPath::is_worth_running(Pending& pending, uint64_t now_ns) {
  if (calls_.find(pending.received->to.call) == nullptr) {  // the client has reset it meanwhile
    pending.assignment.assign(slot_);
    pending.assignment.fail(slot_, Error::cancelled);
    batch_.count_failure(pending.version(), Error::cancelled,
                         now_ns - pending.received->arrived_ns);
    return false;
  }
  if (pending.deadline_ns == 0 || now_ns < pending.deadline_ns) return true;
  fail(pending,
       make_error(Error::deadline_passed, {std::to_string((now_ns - pending.deadline_ns) / 1000)}));
  return false;
}

void InferPath::join_group(Pending& pending) {
  const size_t first = groups_.size() > kGroupsSearched ? groups_.size() - kGroupsSearched : 0;
  Group* group = nullptr;
  for (size_t i = groups_.size(); i > first && group == nullptr; --i) {
    Group& candidate = groups_[i - 1];
    if (candidate.served->get() == pending.served().get() && !candidate.is_long &&
        candidate.elements + pending.bound.elements <= candidate.elements_max &&
        can_join(*(*candidate.served)->version, candidate.bound, candidate.rows, pending.bound)) {
      group = &candidate;
    }
  }
  if (group == nullptr) group = &begin_group(pending);
  group->rows += pending.bound.rows;
  group->elements += pending.bound.elements;
  group->pending.push_back(&pending);
  group->bound.push_back(&pending.bound);
  group->arrived_ns.push_back(pending.received->arrived_ns);
}

// A group of short requests grows no longer than what may run inline. What is longer alone stays
// alone: it is for the workers, who choose their own groups.
InferPath::Group& InferPath::begin_group(const Pending& pending) {
  Group& group = groups_.push();
  group.served = pending.assignment.served;
  group.rows = 0;
  group.elements = 0;
  group.elements_max = pending.version().elements_within(slot_, limits_.inline_run_us_max * 1e3);
  group.is_long = pending.bound.elements > group.elements_max;
  return group;
}

void InferPath::run_groups() {
  if (pending_.empty()) return;
  const uint64_t now_ns = monotonic_ns();
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (is_worth_running(pending_[i], now_ns)) join_group(pending_[i]);
  }
  order_groups();
  cycle_run_ns_ = 0;
  for (Group* group : order_) run_group(*group);
  groups_.clear();
}

// When a cycle has more to run than it may, the oldest group comes first, so that none waits for
// ever, and then the short ones: a model of microseconds is not held up by one of milliseconds.
void InferPath::order_groups() {
  order_.clear();
  double sum_ns = 0;
  for (size_t i = 0; i < groups_.size(); ++i) {
    Group& group = groups_[i];
    group.predicted_ns = (*group.served)->version->predict_ns(slot_, group.elements);
    sum_ns += group.predicted_ns;
    order_.push_back(&group);
  }
  if (sum_ns <= limits_.cycle_run_us_max * 1e3) return;
  std::stable_sort(order_.begin() + 1, order_.end(), [](const Group* a, const Group* b) {
    return a->predicted_ns < b->predicted_ns;
  });
}

// Short groups run inline. Those for which a cycle has no time left go to workers that have cores
// of their own and nothing else of the version to do; else they wait for the next cycle. A short
// request stands in no queue, and is never turned away because one is full.
InferPath::Place InferPath::place_of(const Group& group) const {
  const bool has_workers = !shared_.workers->empty();
  if (group.is_long && has_workers) return Place::workers;
  const double ends_ns = cycle_run_ns_ + group.predicted_ns;
  if (cycle_run_ns_ == 0 || ends_ns <= limits_.cycle_run_us_max * 1e3) return Place::here;
  const bool workers_help =
      has_workers && shared_.workers->has_cores() && (*group.served)->queue.size() == 0;
  return workers_help ? Place::workers : Place::next_cycle;
}

void InferPath::run_group(Group& group) {
  switch (place_of(group)) {
    case Place::here:
      return run_here(group);
    case Place::workers:
      return send_to_workers(group);
    case Place::next_cycle:
      for (Pending* pending : group.pending) home_.put_off(*pending->received);
  }
}

void InferPath::run_here(Group& group) {
  cycle_run_ns_ += group.predicted_ns;
  running_ = &group;
  for (Pending* pending : group.pending) pending->assignment.assign(slot_);
  const ServedVersion& served = **group.served;
  batch_.run(*served.version, group.bound, group.arrived_ns, *this);
  if (served.arm != nullptr && batch_.run_ns() > 0) {
    served.arm[slot_].run_ns.update(batch_.run_ns());
  }
  counters_.groups.add();
  counters_.requests_inline.add(group.pending.size());
}

void InferPath::on_outputs(size_t index, std::span<const OutputView> outputs) {
  Pending& pending = *running_->pending[index];
  pending.ran = true;
  if (has_non_finite(outputs)) pending.assignment.note_non_finite(slot_);
  replier_.answer(pending.received->to, [&](Bytes& out) {
    const size_t begin = out.size();
    append_reply(*pending.served(), pending.request, pending.assignment.bucket, pending.is_stream,
                 outputs, out);
    show_shadows(pending, BytesView(out).substr(begin));
  });
  const uint64_t answered_ns = batch_.times().run_end_ns;
  recorder_.record(*pending.served(), pending.bound, outputs,
                   {answered_ns, answered_ns - pending.received->arrived_ns});
}

void InferPath::show_shadows(Pending& pending, BytesView reply) {
  const Shadows& shadows = pending.served()->shadows;
  if (shadows.empty()) return;
  shadow_offers_.keep(shadows, shadow_offers_.draw(shadows), pending.received->message, reply,
                      pending.is_stream, pending.received->arrived_ns);
}

void InferPath::on_error(size_t index, const Status& status) {
  const Pending& pending = *running_->pending[index];
  pending.assignment.fail(slot_, status.error);
  replier_.fail(pending.received->to, status, pending.request.id);
}

void InferPath::send_to_workers(Group& group) {
  for (Pending* pending : group.pending) submit(*pending);
}

void InferPath::submit(Pending& pending) {
  Call* call = calls_.find(pending.received->to.call);
  if (call == nullptr) return;
  auto job = std::make_unique<Job>();
  job->charge = std::move(pending.received->charge);
  if (!job->charge.try_set(shared_.budget, pending.received->message.view.size())) {
    return fail(pending,
                make_error(Error::bytes_in_flight, {std::to_string(shared_.budget.bytes_max())}));
  }
  job->to = pending.received->to;
  job->home = &home_;
  pending.assignment.assign(slot_);
  job->served = pending.served();
  job->assignment = pending.assignment;
  job->assignment.served = &job->served;
  job->arrived_ns = pending.received->arrived_ns;
  job->deadline_ns = pending.deadline_ns;
  job->is_stream = pending.is_stream;
  job->reply_gzip = call->replies_gzip();
  job->shadows_drawn = shadow_offers_.draw(job->served->shadows);
  take_bytes(*job, pending.received->message);
  call->jobs.push_back(job.get());
  if (shared_.workers->try_submit(job.get())) {
    counters_.requests_to_workers.add();
    job.release();
    return;
  }
  call->jobs.pop_back();
  const ServedVersion& served = *pending.served();
  fail(pending, make_error(Error::queue_full,
                           {served.version->model(), std::to_string(served.queue.capacity())}));
}

void InferPath::finish(Job& job) {
  Call* const call = calls_.find(job.to.call);
  if (call != nullptr) std::erase(call->jobs, &job);
  if (job.run_over_predicted > 0) {
    job.served->version->thread(slot_).correction.update(1, job.run_over_predicted);
  }
  const bool is_awaited = call != nullptr && !call->ended;
  if (job.reroute && is_awaited) return route_again(job);
  if (!is_awaited && job.status.ok()) return job.assignment.fail(slot_, Error::cancelled);
  if (!job.status.ok()) {
    job.assignment.fail(slot_, job.status.error);
    InferRequestView request;  // for its id alone: errors are rare
    const Status decoded = decode_infer_request(job.message.view, request);
    return replier_.fail(job.to, job.status, decoded.ok() ? request.id : BytesView());
  }
  shadow_offers_.keep_ending(job.served->shadows, job.shadows_drawn, job.message, job.plain,
                             job.is_stream, job.arrived_ns);
  replier_.answer_framed(job.to, std::move(job.framed));
  Finished& finished =
      finished_.emplace_back(std::move(job.served), job.assignment, job.arrived_ns);
  finished.assignment.served = nullptr;  // it moves with the list; set when it is used
}

// Its version was withdrawn while it waited: the table in force says who serves it now.
void InferPath::route_again(Job& job) {
  job.assignment.reroute(slot_);
  ReceivedMessage received;
  received.to = job.to;
  received.message = std::move(job.message);
  received.charge = std::move(job.charge);
  received.arrived_ns = job.arrived_ns;
  received.is_counted = true;
  home_.put_off(received);
}

void InferPath::record_latency(uint64_t now_ns) {
  shadow_offers_.offer(now_ns);
  for (size_t i = 0; i < pending_.size(); ++i) {
    const Pending& pending = pending_[i];
    if (!pending.ran) continue;
    const uint64_t latency_ns = now_ns - pending.received->arrived_ns;
    pending.version().thread(slot_).stats.latency.update(latency_ns);
    pending.assignment.complete(slot_, latency_ns);
  }
  pending_.clear();
  for (Finished& finished : finished_) {
    const uint64_t latency_ns = now_ns - finished.arrived_ns;
    finished.served->version->thread(slot_).stats.latency.update(latency_ns);
    finished.assignment.served = &finished.served;
    finished.assignment.complete(slot_, latency_ns);
  }
  finished_.clear();
}

}  // namespace tiltyard
