#include "binding/load_request.h"

#include <algorithm>

namespace tiltyard {

Status LoadRequest::add_sample(const std::string& datatype, const std::vector<int64_t>& shape,
                               BytesView raw) {
  const std::optional<DataType> type = parse_data_type(datatype);
  SampleTensor sample;
  bool fits = type.has_value();
  for (int64_t dim : shape) fits = fits && sample.shape.try_push(dim);
  if (!fits) {
    return make_error(Error::load_failed, {model, std::to_string(number),
                                           "a golden sample has datatype " + datatype +
                                               " and rank " + std::to_string(shape.size())});
  }
  sample.type = *type;
  sample.raw.assign(raw);
  samples.push_back(std::move(sample));
  return {};
}

Status load_version(Engine& engine, LoadRequest& request, std::shared_ptr<ServedVersion>& out) {
  LoadOptions options;
  options.session.intra_op_threads = request.intra_op_threads;
  options.rowwise_proved = request.rowwise_proved;
  options.batchable_claimed = request.batchable_claimed;
  options.batch_rows_max =
      request.batch_rows_max != 0 ? request.batch_rows_max : engine.options().limits.batch_rows_max;
  if (request.warmup_ms_max != 0) options.warmup_ns_max = request.warmup_ms_max * 1'000'000;
  options.samples = std::move(request.samples);
  return engine.load_version(request.model, request.number, request.model_bytes, request.external,
                             std::move(options), out);
}

void RepliesDraft::add(const std::string& method, const std::string& model,
                       const std::string& version, const std::string& reply) {
  (*replies_)[RouteTable::reply_key(method, model, version)] = reply;
}

std::shared_ptr<const RouteTable::Replies> RepliesDraft::make() {
  return std::move(replies_);
}

ModelRoute& RouteDraft::route(const std::string& model) {
  ModelRoute& found = routes_[model];
  found.name = model;
  return found;
}

void RouteDraft::add_version(const std::shared_ptr<ServedVersion>& served) {
  route(served->version->model()).versions.push_back(served);
}

void RouteDraft::add_rollout(const std::shared_ptr<Rollout>& rollout) {
  route(rollout->model()).rollout = rollout;
}

void RouteDraft::set_champion(const std::string& model, int64_t number) {
  route(model).champion = number;
}

void RouteDraft::add_unready(const std::string& model, int64_t number, const std::string& reason) {
  route(model).unready.push_back({number, reason});
}

uint64_t RouteDraft::publish(Engine& engine, std::shared_ptr<const RouteTable::Replies> replies,
                             bool ready) {
  std::vector<ModelRoute> models;
  for (auto& [name, route] : routes_) {
    std::sort(route.versions.begin(), route.versions.end(), [](const auto& a, const auto& b) {
      return a->version->number() < b->version->number();
    });
    models.push_back(std::move(route));
  }
  return engine.publish(std::move(models), std::move(replies), ready);
}

}  // namespace tiltyard
