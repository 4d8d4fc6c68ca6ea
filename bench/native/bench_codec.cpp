// Decode, bind and encode of the request every figure is about: one FP32 row of 30, raw.
// Prints one JSON line a step; ns are the best of several rounds.
#include <cstdio>
#include <string>

#include "infer/request_bind.h"
#include "infer/request_decode.h"
#include "infer/response_encode.h"
#include "report.h"

using namespace tiltyard;

namespace {

constexpr int kRepeats = 200'000;

void append_field(char tag, BytesView content, Bytes& out) {
  out.push_back(tag);
  out.push_back(static_cast<char>(content.size()));
  out.append(content);
}

Bytes make_request() {
  Bytes shape;
  shape.append({1, 30});
  Bytes input;
  append_field('\x0a', "X", input);
  append_field('\x12', "FP32", input);
  append_field('\x1a', shape, input);
  Bytes message;
  append_field('\x0a', "fraud", message);
  append_field('\x1a', "request-000001", message);
  append_field('\x2a', input, message);
  append_field('\x3a', Bytes(120, '\x3f'), message);
  return message;
}

Shape shape_of(int64_t rows, int64_t columns) {
  Shape shape;
  shape.dims[0] = rows;
  shape.dims[1] = columns;
  shape.rank = 2;
  return shape;
}

}  // namespace

int main() {
  const Bytes message = make_request();
  const Signature signature{
      {{"X", DataType::FP32, shape_of(-1, 30), {}}},
      {{"label", DataType::INT64, shape_of(-1, 1), {}},
       {"probabilities", DataType::FP32, shape_of(-1, 2), {}}},
  };
  InferRequestView request;
  BoundRequest bound;
  char row[120];
  if (!decode_infer_request(message, request).ok() ||
      !bind_request(request, "fraud", signature, true, bound).ok()) {
    std::fprintf(stderr, "bench_codec: the request is refused\n");
    return 1;
  }
  const OutputView outputs[] = {
      {&signature.outputs[0], shape_of(1, 1), BytesView("\1\0\0\0\0\0\0\0", 8)},
      {&signature.outputs[1], shape_of(1, 2), BytesView("\0\0\0\x3f\0\0\0\x3f", 8)},
  };
  Bytes reply;
  report("decode", kRepeats, [&](int) { (void)decode_infer_request(message, request); });
  report("bind", kRepeats,
         [&](int) { (void)bind_request(request, "fraud", signature, true, bound); });
  report("copy", kRepeats, [&](int) { copy_elements(bound.inputs[0], row); });
  report("encode", kRepeats, [&](int) {
    reply.clear();
    append_infer_response({"fraud", "3", "request-000001"}, outputs, reply);
  });
}
