#include "engine/statistics.h"

#include <algorithm>
#include <map>

#include "base/thread_class.h"

namespace tiltyard {
namespace {

struct VersionCounterName {
  const char* name;
  Counter VersionStats::* counter;
};

constexpr VersionCounterName kVersionCounters[] = {
    {"success", &VersionStats::success},
    {"success_ns", &VersionStats::success_ns},
    {"fail", &VersionStats::fail},
    {"fail_ns", &VersionStats::fail_ns},
    {"queue_ns", &VersionStats::queue_ns},
    {"compute_input_ns", &VersionStats::compute_input_ns},
    {"compute_infer_ns", &VersionStats::compute_infer_ns},
    {"compute_output_ns", &VersionStats::compute_output_ns},
    {"rows", &VersionStats::rows},
    {"runs", &VersionStats::runs},
    {"inline_runs", &VersionStats::inline_runs},
    {"worker_runs", &VersionStats::worker_runs},
    {"padded_runs", &VersionStats::padded_runs},
};

struct IoCounterName {
  const char* name;
  Counter IoCounters::* counter;
};

constexpr IoCounterName kIoCounters[] = {
    {"cycles", &IoCounters::cycles},
    {"busy_ns", &IoCounters::busy_ns},
    {"bytes_in", &IoCounters::bytes_in},
    {"bytes_out", &IoCounters::bytes_out},
    {"connections_opened", &IoCounters::connections_opened},
    {"connections_closed", &IoCounters::connections_closed},
    {"connections_moved_in", &IoCounters::connections_moved_in},
    {"connections_moved_out", &IoCounters::connections_moved_out},
    {"calls", &IoCounters::calls},
    {"messages", &IoCounters::messages},
    {"infer_requests", &IoCounters::infer_requests},
    {"calls_cancelled", &IoCounters::calls_cancelled},
    {"deadline_passed_waiting", &IoCounters::deadline_passed_waiting},
    {"groups", &IoCounters::groups},
    {"requests_inline", &IoCounters::requests_inline},
    {"requests_to_workers", &IoCounters::requests_to_workers},
    {"requests_to_slow_path", &IoCounters::requests_to_slow_path},
    {"inflated_bytes", &IoCounters::inflated_bytes},
    {"messages_put_off", &IoCounters::messages_put_off},
    {"closed_flood", &IoCounters::closed_flood},
    {"closed_idle", &IoCounters::closed_idle},
    {"closed_age", &IoCounters::closed_age},
    {"closed_slow_reader", &IoCounters::closed_slow_reader},
    {"closed_handshake", &IoCounters::closed_handshake},
    {"closed_keepalive", &IoCounters::closed_keepalive},
    {"closed_protocol_error", &IoCounters::closed_protocol_error},
    {"streams_refused", &IoCounters::streams_refused},
    {"input_held", &IoCounters::input_held},
    {"read_budget_ran_out", &IoCounters::read_budget_ran_out},
    {"handshakes_put_off", &IoCounters::handshakes_put_off},
    {"calls_stalled", &IoCounters::calls_stalled},
    {"replies_dropped", &IoCounters::replies_dropped},
};

template <typename Get>
uint64_t sum_over_threads(const ModelVersion& version, Get get) {
  uint64_t sum = 0;
  for (uint32_t slot = 0; slot < version.thread_slots(); ++slot) {
    sum += get(version.thread(slot).stats);
  }
  return sum;
}

std::vector<BatchSizeCounts> batch_sizes_of(const ModelVersion& version) {
  std::vector<BatchSizeCounts> sizes;
  for (uint32_t rows = 0; rows < kBatchSizesCounted; ++rows) {
    BatchSizeCounts sum{rows, 0, 0, 0, 0};
    for (uint32_t slot = 0; slot < version.thread_slots(); ++slot) {
      const BatchSizeStats& stats = version.thread(slot).stats.batch_sizes[rows];
      sum.runs += stats.runs.get();
      sum.compute_input_ns += stats.compute_input_ns.get();
      sum.compute_infer_ns += stats.compute_infer_ns.get();
      sum.compute_output_ns += stats.compute_output_ns.get();
    }
    if (sum.runs > 0) sizes.push_back(sum);
  }
  return sizes;
}

VersionStatistics statistics_of(const ServedVersion& served) {
  const ModelVersion& version = *served.version;
  VersionStatistics out;
  out.model = version.model();
  out.version = version.number();
  for (const VersionCounterName& row : kVersionCounters) {
    out.counts.emplace_back(row.name, sum_over_threads(version, [&](const VersionStats& stats) {
                              return (stats.*row.counter).get();
                            }));
  }
  uint64_t last_ms = 0;
  LatencySnapshot latency;
  for (uint32_t slot = 0; slot < version.thread_slots(); ++slot) {
    last_ms = std::max(last_ms, version.thread(slot).stats.last_inference_ms.get());
    latency.merge(version.thread(slot).stats.latency);
  }
  out.counts.emplace_back("last_inference_ms", last_ms);
  out.errors = errors_of([&](size_t i) {
    return sum_over_threads(version,
                            [i](const VersionStats& stats) { return stats.errors[i].get(); });
  });
  out.batch_sizes = batch_sizes_of(version);
  out.latency_ns = quantiles_of(latency);
  out.queued = served.queue.size();
  out.pinned = read_arm(served);
  return out;
}

}  // namespace

std::vector<VersionStatistics> read_statistics(Engine& engine) {
  // Counted up outside the lock, so that a table is never published late because somebody reads.
  std::vector<std::shared_ptr<ServedVersion>> versions;
  engine.reclaimer().with_table([&](const RouteTable& table) {
    for (const ModelRoute& route : table.models()) {
      versions.insert(versions.end(), route.versions.begin(), route.versions.end());
    }
  });
  std::vector<VersionStatistics> all;
  for (const std::shared_ptr<ServedVersion>& served : versions) {
    all.push_back(statistics_of(*served));
  }
  return all;
}

GatewayCounters read_counters(Engine& engine) {
  GatewayCounters out;
  const RecordPool& records = *engine.shared().records;
  uint64_t connections = 0, calls = 0;
  for (const auto& io : engine.io_threads()) {
    connections += io->connections();
    calls += io->open_calls();
  }
  out.gauges = {{"connections", connections},
                {"open_calls", calls},
                {"in_flight_bytes", engine.shared().budget.in_use()},
                {"route_epoch", engine.shared().routes.epoch()},
                {"route_tables_retired", engine.reclaimer().retired()},
                {"connections_accepted", engine.acceptor().counters().accepted.get()},
                {"connections_refused", engine.acceptor().counters().refused_full.get()},
                {"accept_failures", engine.acceptor().counters().failed.get()},
                {"record_blocks", records.blocks()},
                {"record_blocks_free", records.blocks_free()},
                {"record_bytes", records.bytes()},
                {"records_dropped", records.records_dropped()}};
  for (const IoCounterName& row : kIoCounters) {
    std::vector<uint64_t> values;
    for (const auto& io : engine.io_threads())
      values.push_back((io->counters().*row.counter).get());
    out.io.emplace_back(row.name, std::move(values));
  }
  out.errors = errors_of([&](size_t i) {
    uint64_t sum = 0;
    for (const auto& io : engine.io_threads()) sum += io->counters().errors[i].get();
    return sum;
  });
  std::map<std::string, uint64_t> starved_ns;  // threads may share a name
  for (const RunningThread& thread : running_threads()) {
    starved_ns[thread.name] += thread_starved_ns(thread.id);
  }
  out.starved_ns.assign(starved_ns.begin(), starved_ns.end());
  return out;
}

}  // namespace tiltyard
