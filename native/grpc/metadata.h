// What the headers of a gRPC call say: path, deadline, encodings.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/status.h"
#include "grpc/method.h"

namespace tiltyard {

enum class Encoding : uint8_t { identity, gzip, unsupported };

struct CallMetadata {
  const MethodRow* method = &kUnknownMethod;
  uint64_t deadline_ns = 0;  // monotonic; 0: none
  Encoding request_encoding = Encoding::identity;
  bool accepts_gzip = false;
  bool is_post = false;
  bool content_type_ok = false;
  bool errors_end_stream = false;  // Triton's `triton_grpc_error: true`
  uint32_t header_bytes = 0;       // names and values and 32 each, as HTTP/2 counts them
  Bytes routing_key;               // `tiltyard-key`: who the request is for; see route/router.h
  Status problem;                  // the first thing wrong; the call is answered with it

  void clear();
  // Takes one header in; `now_ns` is when the call arrived.
  void add(BytesView name, BytesView value, uint64_t now_ns);

 private:
  void add_pseudo(BytesView name, BytesView value);
  void add_grpc(BytesView name, BytesView value, uint64_t now_ns);
};

// "100m" → 100'000'000 ns. Empty when it is not a gRPC timeout: up to 8 digits and one of HMSmun.
std::optional<uint64_t> parse_grpc_timeout(BytesView text);

// grpc-message: what is not printable ASCII, and '%', as %XX.
Bytes percent_encode(BytesView text);

}  // namespace tiltyard
