// A request held against a version's signature: every mistake a client can make is named here.
//
// bind_request changes nothing outside `bound`, whose views live as long as the request's bytes.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "infer/request_decode.h"
#include "infer/tensor.h"

namespace tiltyard {

// Where the values of one input come from. Exactly one of raw or typed.
struct BoundInput {
  const TensorSpec* spec = nullptr;
  Shape shape;
  int64_t elements = 0;
  bool is_raw = false;
  BytesView raw;                                  // little-endian values; BYTES: length-prefixed
  const std::vector<BytesView>* typed = nullptr;  // InferTensorContents parts, of `request`
};

struct BoundRequest {
  const InferRequestView* request = nullptr;
  std::vector<BoundInput> inputs;  // in the signature's order
  std::vector<uint16_t> outputs;   // indices into the signature, in the order of the reply
  int64_t rows = 0;                // dimension 0 shared by all inputs; 1 where there is none
  int64_t elements = 0;            // of all inputs together

  void clear();
  void trim();
};

// `model` is for the sentences. `batched` asks that all inputs agree in dimension 0.
Status bind_request(const InferRequestView& request, std::string_view model,
                    const Signature& signature, bool batched, BoundRequest& bound);

// Whether two requests for one version can share a batch: equal shapes but for dimension 0.
bool can_share_batch(const BoundRequest& a, const BoundRequest& b);

// Copies a fixed-size input's elements*element_bytes bytes to `out`, narrowing typed contents.
// bind_request has checked every count and range, so this cannot fail.
void copy_elements(const BoundInput& input, char* out);

// The strings of a BYTES input, appended to `out`; views into the request's bytes.
void append_strings(const BoundInput& input, std::vector<BytesView>& out);

}  // namespace tiltyard
