#include "route/router.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace tiltyard {
namespace {

Status no_version_ready(const ModelRoute& route) {
  std::string reason = "nothing is published";
  for (const UnreadyVersion& unready : route.unready) {
    if (route.champion == 0 || unready.number == route.champion) reason = unready.reason;
  }
  if (route.champion != 0) {
    reason = "its champion is version " + std::to_string(route.champion) + ", and " + reason;
  }
  return make_error(Error::no_version_ready, {route.name, reason});
}

// "1, 2, 5", of ready and unready versions, for the sentence.
std::string numbers_of(const ModelRoute& route) {
  std::vector<int64_t> numbers;
  for (const auto& served : route.versions) numbers.push_back(served->version->number());
  for (const UnreadyVersion& unready : route.unready) numbers.push_back(unready.number);
  std::sort(numbers.begin(), numbers.end());
  std::string text;
  for (const int64_t number : numbers) {
    if (!text.empty()) text.append(", ");
    text.append(std::to_string(number));
  }
  return text;
}

Status find_on_route(const ModelRoute& route, BytesView version,
                     const std::shared_ptr<ServedVersion>*& out) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(version.begin(), version.end(), number);
  if (problem != std::errc() || end != version.end() || number < 0) {
    return make_error(Error::bad_version, {version});
  }
  for (const std::shared_ptr<ServedVersion>& served : route.versions) {
    if (served->version->number() != number) continue;
    out = &served;
    return {};
  }
  for (const UnreadyVersion& unready : route.unready) {
    if (unready.number != number) continue;
    return make_error(Error::version_not_ready, {route.name, version, unready.reason});
  }
  return make_error(Error::unknown_version, {route.name, version, numbers_of(route)});
}

}  // namespace

Status find_version(const RouteTable& table, BytesView model, BytesView version,
                    const std::shared_ptr<ServedVersion>*& out) {
  const ModelRoute* route = table.find(model);
  if (route == nullptr) return make_error(Error::unknown_model, {model});
  if (!version.empty()) return find_on_route(*route, version, out);
  if (route->default_version() == nullptr) return no_version_ready(*route);
  out = route->default_version();
  return {};
}

BytesView routing_key(const InferRequestView& request, BytesView metadata_key) {
  if (!metadata_key.empty()) return metadata_key;
  for (const ParameterView& parameter : request.parameters) {
    if (parameter.key == "routing_key" && !parameter.string.empty()) return parameter.string;
  }
  return request.id;
}

Status route_request(const RouteTable& table, const InferRequestView& request,
                     BytesView metadata_key, uint64_t lottery, uint32_t slot, Assignment& out) {
  const ModelRoute* route = table.find(request.model_name);
  if (route == nullptr) return make_error(Error::unknown_model, {request.model_name});
  if (!request.model_version.empty()) {
    return find_on_route(*route, request.model_version, out.served);
  }
  if (route->rollout != nullptr) {
    route->rollout->choose(routing_key(request, metadata_key), lottery, slot, out);
    out.rollout = route->rollout.get();
    return {};
  }
  if (route->default_version() == nullptr) return no_version_ready(*route);
  out.served = route->default_version();
  return {};
}

}  // namespace tiltyard
