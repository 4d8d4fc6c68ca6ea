// Bytes seen and bytes owned. A BytesView never owns; whoever made the bytes says how long they
// live.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tiltyard {

using BytesView = std::string_view;
using Bytes = std::string;

// Gives the memory back. Assigning an empty string does not: libstdc++ keeps the old one's room.
inline void free_bytes(Bytes& bytes) {
  Bytes().swap(bytes);
}

inline uint32_t load_u32_le(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline void append_u32_le(Bytes& out, uint32_t value) {
  char raw[4];
  std::memcpy(raw, &value, sizeof raw);
  out.append(raw, sizeof raw);
}

inline uint32_t load_u32_be(const char* at) {
  return __builtin_bswap32(load_u32_le(at));
}

inline void store_u32_be(char* at, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

}  // namespace tiltyard
