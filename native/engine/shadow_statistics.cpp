#include "engine/shadow_statistics.h"

namespace tiltyard {
namespace {

template <typename Get>
uint64_t sum_of_offers(const Shadow& shadow, Get get) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < shadow.offering_threads(); ++i) sum += get(shadow.offers(i)).get();
  return sum;
}

template <typename Get>
uint64_t sum_of_runs(const Shadow& shadow, Get get) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < shadow.running_threads(); ++i) sum += get(shadow.runs(i)).get();
  return sum;
}

template <typename Get>
LatencySnapshot merged(const Shadow& shadow, Get get) {
  LatencySnapshot snapshot;
  for (uint32_t i = 0; i < shadow.running_threads(); ++i) snapshot.merge(get(shadow.runs(i)));
  return snapshot;
}

// Ends before beginnings: what is read meanwhile never makes `in_flight` negative.
void add_counts(const Shadow& shadow, ShadowStatistics& out) {
  using Runs = const ShadowRunStats&;
  using Offers = const ShadowOfferStats&;
  const uint64_t ok = sum_of_runs(shadow, [](Runs s) -> auto& { return s.ok; });
  const uint64_t error = sum_of_runs(shadow, [](Runs s) -> auto& { return s.error; });
  const uint64_t expired = sum_of_runs(shadow, [](Runs s) -> auto& { return s.expired; });
  const uint64_t queued = sum_of_offers(shadow, [](Offers s) -> auto& { return s.queued; });
  for (size_t i = 0; i < kShadowDrops; ++i) {
    out.dropped.emplace_back(
        shadow_drop_name(static_cast<ShadowDrop>(i)),
        sum_of_offers(shadow, [i](Offers s) -> auto& { return s.dropped[i]; }));
  }
  const uint64_t ended = ok + error + expired;
  out.counts = {
      {"offered", sum_of_offers(shadow, [](Offers s) -> auto& { return s.offered; })},
      {"sampled_out", sum_of_offers(shadow, [](Offers s) -> auto& { return s.sampled_out; })},
      {"queued", queued},
      {"ok", ok},
      {"error", error},
      {"expired", expired},
      {"in_flight", queued - ended},
      {"bytes_held", shadow.bytes_held()}};
  out.errors = errors_of(
      [&](size_t i) { return sum_of_runs(shadow, [i](Runs s) -> auto& { return s.errors[i]; }); });
}

double score_of(uint64_t units) {
  return static_cast<double>(units) / ShadowOutputStats::kUnitsPerScore;
}

void add_scores(const LatencySnapshot& scores, ShadowOutputStatistics& out) {
  out.score_difference = {{"p50", score_of(scores.quantile_ns(0.5))},
                          {"p90", score_of(scores.quantile_ns(0.9))},
                          {"p99", score_of(scores.quantile_ns(0.99))},
                          {"max", score_of(scores.quantile_ns(1.0))}};
  for (size_t i = 0; i < scores.counts.size(); ++i) {
    if (scores.counts[i] == 0) continue;
    out.score_buckets.emplace_back(score_of(LatencyHistogram::bucket_floor(i)), scores.counts[i]);
  }
}

ShadowOutputStatistics output_of(const Shadow& shadow, size_t output) {
  ShadowOutputStatistics out;
  out.name = shadow.outputs()[output].name;
  out.mode = compare_mode_name(shadow.outputs()[output].mode);
  if (shadow.outputs()[output].mode == CompareMode::tolerance) {
    out.atol = shadow.outputs()[output].rule.atol;
    out.rtol = shadow.outputs()[output].rule.rtol;
  }
  const auto sum = [&](Counter ShadowOutputStats::* counter) {
    return sum_of_runs(shadow, [&](const ShadowRunStats& stats) -> auto& {
      return stats.outputs[output].*counter;
    });
  };
  out.compared = sum(&ShadowOutputStats::compared);
  out.disagreed =
      static_cast<double>(sum(&ShadowOutputStats::disagreed)) / ShadowOutputStats::kUnitsPerWhole;
  out.incompatible = {{"missing", sum(&ShadowOutputStats::missing)},
                      {"dtype", sum(&ShadowOutputStats::wrong_dtype)},
                      {"shape", sum(&ShadowOutputStats::wrong_shape)}};
  out.champion_non_finite = sum(&ShadowOutputStats::champion_non_finite);
  out.shadow_non_finite = sum(&ShadowOutputStats::shadow_non_finite);
  add_scores(merged(shadow,
                    [output](const ShadowRunStats& stats) -> auto& {
                      return stats.outputs[output].score_difference;
                    }),
             out);
  return out;
}

}  // namespace

ShadowStatistics read_shadow(const Shadow& shadow) {
  using Runs = const ShadowRunStats&;
  ShadowStatistics out;
  if (shadow.version() != nullptr) out.version = shadow.version()->number();
  out.source = shadow.source();
  out.sample_ppm = shadow.sample_ppm();
  add_counts(shadow, out);
  const auto read = [&](auto get, NamedCounts& quantiles, HistogramCounts& buckets) {
    const LatencySnapshot snapshot = merged(shadow, get);
    quantiles = quantiles_of(snapshot);
    buckets = buckets_of(snapshot);
  };
  read([](Runs s) -> auto& { return s.latency; }, out.latency_ns, out.latency);
  read([](Runs s) -> auto& { return s.champion_latency; }, out.champion_latency_ns,
       out.champion_latency);
  read([](Runs s) -> auto& { return s.run_ns; }, out.run_ns, out.run);
  for (size_t i = 0; i < shadow.outputs().size(); ++i) out.outputs.push_back(output_of(shadow, i));
  return out;
}

}  // namespace tiltyard
