// The small messages of the services answered natively: readiness, health, the index.
//
// Their requests hold at most two strings or a string and a flag; their replies one number.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"

namespace tiltyard {

// Fields 1 and 2 of a request: strings (name, version; service) or, for `flag`, a bool.
struct NamesView {
  BytesView first;
  BytesView second;
  bool flag = false;
};

// Views into `message`. Fields of other numbers are skipped.
Status decode_names(BytesView message, NamesView& names);

// Appends a message whose field 1 is this varint; 0 is proto3's default and appends nothing.
void append_field_one(uint8_t value, Bytes& out);

}  // namespace tiltyard
