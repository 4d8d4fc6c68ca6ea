#include "infer/service_messages.h"

#include <protozero/pbf_reader.hpp>

namespace tiltyard {
namespace {

BytesView bytes_of(const protozero::data_view& view) { return {view.data(), view.size()}; }

void read_names(protozero::pbf_reader& reader, NamesView& names) {
  while (reader.next()) {
    const bool is_text = reader.wire_type() == protozero::pbf_wire_type::length_delimited;
    const bool is_number = reader.wire_type() == protozero::pbf_wire_type::varint;
    if (reader.tag() == 1 && is_text) {
      names.first = bytes_of(reader.get_view());
    } else if (reader.tag() == 2 && is_text) {
      names.second = bytes_of(reader.get_view());
    } else if (reader.tag() == 2 && is_number) {
      names.flag = reader.get_bool();
    } else {
      reader.skip();
    }
  }
}

}  // namespace

Status decode_names(BytesView message, NamesView& names) {
  try {
    protozero::pbf_reader reader(message.data(), message.size());
    read_names(reader, names);
    return {};
  } catch (const protozero::exception& problem) {
    return make_error(Error::malformed_message, {problem.what()});
  }
}

void append_field_one(uint8_t value, Bytes& out) {
  if (value == 0) return;
  out.push_back('\x08');
  out.push_back(static_cast<char>(value));
}

}  // namespace tiltyard
