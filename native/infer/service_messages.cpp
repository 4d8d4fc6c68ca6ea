#include "infer/service_messages.h"

#include "infer/wire_reader.h"

namespace tiltyard {
namespace {

void read_names(WireReader reader, NamesView& names) {
  while (reader.next()) {
    const bool is_text = reader.type() == WireType::bytes;
    if (reader.field() == 1 && is_text) {
      names.first = reader.text();
    } else if (reader.field() == 2 && is_text) {
      names.second = reader.text();
    } else if (reader.field() == 2 && reader.type() == WireType::varint) {
      names.flag = reader.varint() != 0;
    } else {
      reader.skip();
    }
  }
}

}  // namespace

Status decode_names(BytesView message, NamesView& names) {
  try {
    read_names(WireReader(message), names);
    return {};
  } catch (const protozero::exception& problem) {
    return malformed_message(problem);
  }
}

void append_field_one(uint8_t value, Bytes& out) {
  if (value == 0) return;
  out.push_back('\x08');
  out.push_back(static_cast<char>(value));
}

}  // namespace tiltyard
