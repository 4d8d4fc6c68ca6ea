#include "route/router.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace tiltyard {
namespace {

Status no_version_ready(const ModelRoute& route) {
  const BytesView reason =
      route.unready.empty() ? BytesView("nothing is published") : route.unready.back().reason;
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

}  // namespace

Status route_request(const RouteTable& table, BytesView model, BytesView version,
                     const std::shared_ptr<ServedVersion>*& out) {
  const ModelRoute* route = table.find(model);
  if (route == nullptr) return make_error(Error::unknown_model, {model});
  if (version.empty()) {
    if (route->newest() == nullptr) return no_version_ready(*route);
    out = route->newest();
    return {};
  }
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(version.begin(), version.end(), number);
  if (problem != std::errc() || end != version.end() || number < 0) {
    return make_error(Error::bad_version, {version});
  }
  for (const std::shared_ptr<ServedVersion>& served : route->versions) {
    if (served->version->number() != number) continue;
    out = &served;
    return {};
  }
  for (const UnreadyVersion& unready : route->unready) {
    if (unready.number != number) continue;
    return make_error(Error::version_not_ready, {model, version, unready.reason});
  }
  return make_error(Error::unknown_version, {model, version, numbers_of(*route)});
}

}  // namespace tiltyard
