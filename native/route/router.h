// From the name and version a request carries to the version that serves it.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "route/route_table.h"

namespace tiltyard {

// No version asked: the model's newest. On an error `out` is untouched and the Status says which of
// unknown model, bad or unknown version, version not ready, or no version ready it is.
Status route_request(const RouteTable& table, BytesView model, BytesView version,
                     const std::shared_ptr<ServedVersion>*& out);

}  // namespace tiltyard
