// From the name and version a request carries to the version that serves it.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "infer/request_decode.h"
#include "route/assignment.h"
#include "route/route_table.h"

namespace tiltyard {

// The version that answers questions about a model: the one named, else the default one. On an
// error `out` is untouched and the Status says which of unknown model, bad or unknown version,
// version not ready, or no version ready it is.
Status find_version(const RouteTable& table, BytesView model, BytesView version,
                    const std::shared_ptr<ServedVersion>*& out);

// The key that decides between champion and canaries: the metadata's, else the parameter
// routing_key, else the request's id; empty: none.
BytesView routing_key(const InferRequestView& request, BytesView metadata_key);

// The version that runs a request: the one named, else what the model's rollout chooses. Errors as
// find_version(). `lottery` is drawn evenly; see Rollout::choose.
Status route_request(const RouteTable& table, const InferRequestView& request,
                     BytesView metadata_key, uint64_t lottery, uint32_t slot, Assignment& out);

}  // namespace tiltyard
