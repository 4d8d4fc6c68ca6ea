#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "engine/engine_fixture.h"
#include "engine/statistics.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

uint64_t value_of(const NamedCounts& counts, const std::string& name) {
  for (const auto& [key, value] : counts) {
    if (key == name) return value;
  }
  FAIL("there is no count named " << name);
  return 0;
}

uint64_t io_sum(const GatewayCounters& counters, const std::string& name) {
  for (const auto& [key, values] : counters.io) {
    if (key != name) continue;
    uint64_t sum = 0;
    for (const uint64_t value : values) sum += value;
    return sum;
  }
  FAIL("there is no io counter named " << name);
  return 0;
}

}  // namespace

TEST_CASE("a version's counts add up, by outcome, error and batch size") {
  ServingEngine serving;
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  for (int i = 0; i < 5; ++i) client.call(kInfer, infer_request("scale", {1, 2, 3, 4}));
  client.call(kInfer, infer_request("scale", {1, 2, 3}));  // no number of rows
  const std::vector<VersionStatistics> all = read_statistics(serving.engine);
  REQUIRE(all.size() == 1);
  const VersionStatistics& version = all[0];
  CHECK(version.model == "scale");
  CHECK(version.version == 1);
  CHECK(value_of(version.counts, "success") == 5);
  CHECK(value_of(version.counts, "fail") == 1);
  CHECK(value_of(version.counts, "rows") == 10);
  CHECK(value_of(version.counts, "runs") == 5);
  CHECK(value_of(version.counts, "inline_runs") + value_of(version.counts, "worker_runs") == 5);
  CHECK(value_of(version.counts, "last_inference_ms") > 0);
  const uint64_t parts =
      value_of(version.counts, "queue_ns") + value_of(version.counts, "compute_input_ns") +
      value_of(version.counts, "compute_infer_ns") + value_of(version.counts, "compute_output_ns");
  CHECK(value_of(version.counts, "success_ns") == parts);
  REQUIRE(version.errors.size() == 1);
  CHECK(version.errors[0].first == "wrong_byte_count");
  REQUIRE(version.batch_sizes.size() == 1);
  CHECK(version.batch_sizes[0].rows == 2);
  CHECK(version.batch_sizes[0].runs == 5);
  CHECK(value_of(version.latency_ns, "p50") > 0);
  CHECK(value_of(version.latency_ns, "p50") <= value_of(version.latency_ns, "p999"));
  CHECK(value_of(version.latency_ns, "p999") <= value_of(version.latency_ns, "max"));
}

TEST_CASE("the gateway's counters have a value an io thread, and a name a thread that starves") {
  EngineOptions options;
  options.io_threads = 2;
  options.worker_threads = 3;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  GrpcTestClient client(serving.port);
  CHECK(client.call(kInfer, infer_request("nobody", {1, 2})).status ==
        static_cast<int>(GrpcCode::not_found));
  // A thread has its name when it has begun.
  const auto names_of_threads = [&] {
    std::set<std::string> names;
    for (const auto& [name, ns] : read_counters(serving.engine).starved_ns) names.insert(name);
    return names;
  };
  const std::vector<std::string> expected = {"io-0", "io-1", "worker-0", "worker-1", "worker-2"};
  const uint64_t give_up_ns = monotonic_ns() + 60'000'000'000;
  const auto are_named = [&] {
    const std::set<std::string> names = names_of_threads();
    return std::all_of(expected.begin(), expected.end(),
                       [&](const std::string& name) { return names.contains(name); });
  };
  while (!are_named() && monotonic_ns() < give_up_ns) std::this_thread::yield();
  CHECK(are_named());
  const GatewayCounters counters = read_counters(serving.engine);
  for (const auto& [name, values] : counters.io) CHECK_MESSAGE(values.size() == 2, name);
  CHECK(io_sum(counters, "infer_requests") == 1);
  CHECK(io_sum(counters, "connections_opened") == 1);
  CHECK(value_of(counters.gauges, "connections") == 1);
  CHECK(value_of(counters.gauges, "connections_accepted") == 1);
  CHECK(value_of(counters.gauges, "in_flight_bytes") == 0);
  CHECK(value_of(counters.gauges, "route_epoch") == 1);
  CHECK(value_of(counters.gauges, "record_blocks") == 0);  // nobody reads any
  const auto records = serving.engine.open_records();
  const GatewayCounters read = read_counters(serving.engine);
  CHECK(value_of(read.gauges, "record_blocks") > 0);
  CHECK(value_of(read.gauges, "record_blocks_free") == value_of(read.gauges, "record_blocks"));
  CHECK(value_of(read.gauges, "record_bytes") ==
        kRecordBlockBytes * value_of(read.gauges, "record_blocks"));
  CHECK(value_of(read.gauges, "records_dropped") == 0);
  CHECK(counters.errors == NamedCounts{{"unknown_model", 1}});
}

TEST_CASE("statistics are read while requests run and threads start") {
  EngineOptions options;
  options.io_threads = 2;
  options.worker_threads = 2;
  options.limits.inline_run_us_max = 0;
  ServingEngine serving(options);
  read_counters(serving.engine);
  serving.publish({serving.load(1, 2)});
  std::atomic<bool> done{false};
  std::thread reader([&] {
    uint64_t before = 0;
    while (!done.load()) {
      read_counters(serving.engine);
      const uint64_t now = serving.count("success");
      CHECK(now >= before);
      before = now;
    }
  });
  GrpcTestClient client(serving.port);
  for (int i = 0; i < 300; ++i) {
    REQUIRE(client.call(kInfer, infer_request("scale", {1, 2})).status == 0);
  }
  done.store(true);
  reader.join();
  CHECK(serving.count("success") == 300);
}

TEST_CASE("every error of the table has a name of its own in the counts") {
  std::vector<std::string> names;
  for (int i = 0; i < kErrorCount; ++i) names.emplace_back(error_name(static_cast<Error>(i)));
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}
