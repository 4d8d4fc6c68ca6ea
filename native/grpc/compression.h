// gzip of whole messages, by zlib.
#pragma once

#include "base/bytes.h"
#include "base/charge.h"
#include "base/status.h"

namespace tiltyard {

// Inflates one gzip member into `out` (replaced). Refuses more than `bytes_max` of result before it
// is made, bad or truncated data, and bytes behind the end. `charge` becomes the size of `out`, and
// is so before there is that much: Error::bytes_in_flight when `budget` does not hold it.
Status gunzip(BytesView compressed, uint32_t bytes_max, ByteBudget& budget, Charge& charge,
              Bytes& out);

// Appends the gzip form of `plain` to `out`.
void append_gzip(BytesView plain, Bytes& out);

}  // namespace tiltyard
