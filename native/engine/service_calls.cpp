#include "engine/service_calls.h"

#include <memory>
#include <string>

#include "engine/job.h"
#include "engine/slow_path.h"
#include "infer/service_messages.h"
#include "route/router.h"

namespace tiltyard {

void ServiceCalls::answer(Call& call, ReceivedMessage& received, const RouteTable& table) {
  const uint64_t deadline_ns = call.metadata.deadline_ns;
  if (deadline_ns != 0 && received.arrived_ns >= deadline_ns) {
    const std::string late_us = std::to_string((received.arrived_ns - deadline_ns) / 1000);
    return replier_.fail(received.to, make_error(Error::deadline_passed, {late_us}));
  }
  NamesView names;
  const Method method = call.metadata.method->method;
  if (method != Method::model_statistics && method != Method::reflection_v1 &&
      method != Method::reflection_v1alpha && method != Method::repository_index &&
      method != Method::model_control) {
    if (Status status = decode_names(received.message.view, names); !status.ok()) {
      return replier_.fail(received.to, status);
    }
  }
  switch (method) {
    case Method::server_live:
      return answer_flag(received.to, true);
    case Method::server_ready:
      return answer_flag(received.to, table.ready() && !shared_.draining.load());
    case Method::model_ready:
      return answer_model_ready(received.to, names.first, names.second, table);
    case Method::server_metadata:
      return answer_precomputed(received.to, "ServerMetadata", "", "", table);
    case Method::model_metadata:
      return answer_precomputed(received.to, "ModelMetadata", names.first, names.second, table);
    case Method::model_config:
      return answer_precomputed(received.to, "ModelConfig", names.first, names.second, table);
    case Method::repository_index:
      return answer_index(received.to, received.message.view, table);
    case Method::health_check:
      return check_health(received.to, names.first, table);
    case Method::health_watch:
      return watch_health(call, received.to, names.first, table);
    default:
      return send_to_python(call, received);
  }
}

void ServiceCalls::answer_flag(const ReplyTo& to, bool flag) {
  replier_.answer(to, [flag](Bytes& out) { append_field_one(flag ? 1 : 0, out); });
}

// As Triton does: a model or version that is not there is an error, one that failed is "not ready".
void ServiceCalls::answer_model_ready(const ReplyTo& to, BytesView model, BytesView version,
                                      const RouteTable& table) {
  const std::shared_ptr<ServedVersion>* served = nullptr;
  const Status status = find_version(table, model, version, served);
  switch (status.error) {
    case Error::none:
      return answer_flag(to, true);
    case Error::version_not_ready:
    case Error::no_version_ready:
      return answer_flag(to, false);
    default:
      return replier_.fail(to, status);
  }
}

void ServiceCalls::answer_precomputed(const ReplyTo& to, BytesView method, BytesView model,
                                      BytesView version, const RouteTable& table) {
  BytesView number;
  if (method != "ServerMetadata") {
    const std::shared_ptr<ServedVersion>* served = nullptr;
    if (Status status = find_version(table, model, version, served); !status.ok()) {
      return replier_.fail(to, status);
    }
    // As it is written in the table: "01" asks for version 1 too, and "" for the default one.
    number = (*served)->version->number_text();
  }
  const Bytes* reply = table.find_reply(method, model, number);
  // Only before the first table of models is published: the gateway is still starting.
  if (reply == nullptr) return replier_.fail(to, make_error(Error::starting));
  replier_.answer(to, [reply](Bytes& out) { out.append(*reply); });
}

void ServiceCalls::answer_index(const ReplyTo& to, BytesView message, const RouteTable& table) {
  NamesView names;
  if (Status status = decode_names(message, names); !status.ok()) return replier_.fail(to, status);
  if (!names.first.empty()) {
    return replier_.fail(to, make_error(Error::unimplemented_method,
                                        {"RepositoryIndex with a repository_name",
                                         "the gateway has one store and it has no name"}));
  }
  answer_precomputed_index(to, names.flag, table);
}

void ServiceCalls::answer_precomputed_index(const ReplyTo& to, bool ready_only,
                                            const RouteTable& table) {
  const Bytes* reply = table.find_reply("RepositoryIndex", "", ready_only ? "ready" : "");
  if (reply == nullptr) return replier_.fail(to, make_error(Error::starting));
  replier_.answer(to, [reply](Bytes& out) { out.append(*reply); });
}

ServiceCalls::Health ServiceCalls::health_of(BytesView service, const RouteTable& table) const {
  const bool serving = table.ready() && !shared_.draining.load();
  if (service.empty() || service == "inference.GRPCInferenceService") {
    return serving ? Health::serving : Health::not_serving;
  }
  const ModelRoute* route = table.find(service);
  if (route == nullptr) return Health::service_unknown;
  return serving && route->default_version() != nullptr ? Health::serving : Health::not_serving;
}

void ServiceCalls::check_health(const ReplyTo& to, BytesView service, const RouteTable& table) {
  const Health health = health_of(service, table);
  if (health == Health::service_unknown) {
    return replier_.fail(to, make_error(Error::unknown_service, {service}));
  }
  replier_.answer(to,
                  [health](Bytes& out) { append_field_one(static_cast<uint8_t>(health), out); });
}

void ServiceCalls::watch_health(Call& call, const ReplyTo& to, BytesView service,
                                const RouteTable& table) {
  const Health health = health_of(service, table);
  replier_.answer(to,
                  [health](Bytes& out) { append_field_one(static_cast<uint8_t>(health), out); });
  if (shared_.draining.load()) return replier_.end(call, make_error(Error::draining));
  watchers_.push_back({call.handle(), std::string(service), health});
}

void ServiceCalls::update_watchers(const RouteTable& table) {
  std::erase_if(watchers_, [&](Watcher& watcher) {
    Call* call = calls_.find(watcher.call);
    if (call == nullptr || call->ended) return true;
    const Health health = health_of(watcher.service, table);
    if (health != watcher.told) {
      watcher.told = health;
      replier_.push(*call,
                    [health](Bytes& out) { append_field_one(static_cast<uint8_t>(health), out); });
    }
    if (!shared_.draining.load()) return false;
    replier_.end(*call, make_error(Error::draining));
    return true;
  });
}

void ServiceCalls::send_to_python(Call& call, ReceivedMessage& received) {
  auto job = std::make_unique<Job>();
  if (!job->charge.try_set(shared_.budget, received.message.view.size())) {
    return replier_.fail(received.to, make_error(Error::bytes_in_flight,
                                                 {std::to_string(shared_.budget.bytes_max())}));
  }
  job->to = received.to;
  job->home = &home_;
  job->method_path = call.metadata.method->path;
  job->arrived_ns = received.arrived_ns;
  job->deadline_ns = call.metadata.deadline_ns;
  job->reply_gzip = call.replies_gzip();
  job->message.view = received.message.view;
  job->message.own();
  call.jobs.push_back(job.get());
  if (shared_.slow_path->try_submit(job.get())) {
    counters_.requests_to_slow_path.add();
    job.release();
    return;
  }
  call.jobs.pop_back();
  replier_.fail(received.to, make_error(Error::slow_path_full,
                                        {std::to_string(shared_.slow_path->items_max())}));
}

void ServiceCalls::finish(Job& job) {
  if (Call* call = calls_.find(job.to.call); call != nullptr) std::erase(call->jobs, &job);
  if (!job.status.ok()) return replier_.fail(job.to, job.status);
  replier_.answer_framed(job.to, std::move(job.framed));
}

}  // namespace tiltyard
