#include "load/report.h"

#include <cstdio>

namespace tiltyard::load {
namespace {

// An object that is written member by member.
class JsonObject {
 public:
  JsonObject& raw(const std::string& name, const std::string& json) {
    text_ += (text_.empty() ? "" : ", ") + json_string(name) + ": " + json;
    return *this;
  }
  JsonObject& add(const std::string& name, uint64_t value) {
    return raw(name, std::to_string(value));
  }
  JsonObject& add(const std::string& name, double value) {
    char text[40];
    std::snprintf(text, sizeof(text), "%.6g", value);
    return raw(name, text);
  }
  JsonObject& add(const std::string& name, const std::string& value) {
    return raw(name, json_string(value));
  }
  std::string end() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string quantiles(const LatencyTally& tally) {
  return JsonObject()
      .add("n", tally.total())
      .add("mean", tally.mean_ns())
      .add("p50", tally.quantile_ns(0.5))
      .add("p90", tally.quantile_ns(0.9))
      .add("p99", tally.quantile_ns(0.99))
      .add("p999", tally.quantile_ns(0.999))
      .add("max", tally.max_ns())
      .end();
}

std::string errors(const Tally& tally) {
  JsonObject object;
  for (const auto& [code, count] : tally.errors_by_code) object.add(std::to_string(code), count);
  return object.end();
}

// Each version's right replies, of the whole run; empty where the corpus tells no versions apart.
std::string versions(const Corpus& corpus, const Tally& tally) {
  JsonObject object;
  for (size_t i = 0; i < tally.versions.size() && !corpus.any_version(); ++i) {
    const VersionReplies& found = tally.versions[i];
    object.raw(corpus.versions[i], JsonObject()
                                       .add("replies", found.replies)
                                       .add("first_ns", found.first_ns)
                                       .add("last_ns", found.last_ns)
                                       .end());
  }
  return object.end();
}

std::string series(const Tally& tally) {
  std::string rows;
  for (const Second& second : tally.seconds) {
    rows += (rows.empty() ? "" : ", ") +
            JsonObject().add("completed", second.completed).add("max_ns", second.max_ns).end();
  }
  return "[" + rows + "]";
}

double ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

}  // namespace

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c >= ' ' && c <= '~' ? c : '?';
  }
  return quoted + "\"";
}

std::string report_json(const Options& options, const Corpus& corpus, const Tally& tally,
                        const WindowCost& cost) {
  JsonObject object;
  object.add("connections", uint64_t{options.connections})
      .add("streams", uint64_t{options.streams})
      .add("loop", std::string(options.rate > 0 ? "open" : "closed"))
      .add("rate", options.rate)
      .add("busy_poll", uint64_t{options.busy_poll})
      .add("tls", uint64_t{!options.tls_ca.empty()})
      .add("requests", tally.requests)
      .add("ok", tally.ok)
      .add("completed", tally.completed)
      .add("checked", tally.checked)
      .add("wrong_values", tally.wrong_values)
      .add("first_wrong", tally.first_wrong)
      .raw("errors", errors(tally))
      .add("first_error", tally.first_error)
      .raw("versions", versions(corpus, tally))
      .add("passed_over", tally.passed_over)
      .add("unanswered", tally.unanswered)
      .add("connections_opened", tally.connections_opened)
      .add("connections_lost", tally.connections_lost)
      .add("window_s", static_cast<double>(cost.wall_ns) / 1e9)
      .add("throughput", ratio(tally.completed, cost.wall_ns) * 1e9)
      .raw("latency_ns", quantiles(tally.latency))
      .raw("lateness_ns", quantiles(tally.lateness))
      .add("client_cpu_s", static_cast<double>(cost.own_cpu_ns) / 1e9)
      .add("client_busy", ratio(cost.own_cpu_ns, cost.wall_ns))
      .add("server_cpu_s", static_cast<double>(cost.watched_cpu_ns) / 1e9)
      .add("server_busy", ratio(cost.watched_cpu_ns, cost.wall_ns))
      .add("server_cpu_ns_per_request", ratio(cost.watched_cpu_ns, tally.completed));
  if (options.series) object.raw("seconds", series(tally));
  return object.end();
}

}  // namespace tiltyard::load
