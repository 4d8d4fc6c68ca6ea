// Whether bytes are well-formed UTF-8, as protobuf asks of every string field.
#pragma once

#include "base/bytes.h"

namespace tiltyard {

// No overlong forms, no surrogates, nothing above U+10FFFF. NUL bytes are fine.
bool is_utf8(BytesView text);

}  // namespace tiltyard
