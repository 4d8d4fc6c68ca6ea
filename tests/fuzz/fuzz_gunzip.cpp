// gzip of messages: never more than the limit, the same as zlib in one go, and there and back.
//
// Input: a limit of 16 bits, then what is inflated, and what is deflated and inflated again.
#define ZLIB_CONST
#include <zlib.h>

#include "fuzz_input.h"
#include "grpc/compression.h"

using namespace tiltyard;

namespace {

// What came out, whether its end was reached, and how many bytes of the input that took.
struct OneGo {
  bool is_whole;
  size_t taken;
  Bytes bytes;
};

OneGo inflate_at_once(BytesView compressed, size_t bytes_max) {
  OneGo found{false, 0, Bytes(bytes_max, '\0')};
  z_stream stream{};
  CLAIM(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<const Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(found.bytes.data());
  stream.avail_out = static_cast<uInt>(found.bytes.size());
  found.is_whole = inflate(&stream, Z_FINISH) == Z_STREAM_END;
  found.taken = compressed.size() - stream.avail_in;
  found.bytes.resize(found.bytes.size() - stream.avail_out);
  inflateEnd(&stream);
  return found;
}

Status gunzip_within(BytesView compressed, uint32_t limit, Bytes& out) {
  ByteBudget budget(1u << 30);
  Charge charge;
  Status status = gunzip(compressed, limit, budget, charge, out);
  CLAIM(budget.in_use() == out.size());
  return status;
}

void check_inflate(BytesView compressed, uint32_t limit) {
  Bytes out = "of the message before";
  const Status status = gunzip_within(compressed, limit, out);
  CLAIM(out.size() <= size_t{limit} + 1);
  const OneGo expected = inflate_at_once(compressed, size_t{limit} + 1);
  const bool is_alone = expected.is_whole && expected.taken == compressed.size();
  if (expected.bytes.size() > limit) {
    CLAIM(status.error == Error::message_too_large);
  } else {
    CLAIM(status.error == (is_alone ? Error::none : Error::bad_compression));
  }
  if (status.ok()) CLAIM(out == expected.bytes);
}

// A budget is never overdrawn, and one that holds the limit never stands in the way.
void check_budget(BytesView compressed, uint32_t limit, uint64_t budget_bytes) {
  ByteBudget budget(budget_bytes);
  Charge charge;
  Bytes out;
  const Status status = gunzip(compressed, limit, budget, charge, out);
  CLAIM(budget.in_use() <= budget_bytes);
  if (budget_bytes > limit) CLAIM(status.error != Error::bytes_in_flight);
  if (status.ok()) CLAIM(budget.in_use() == out.size());
  charge.release();
  CLAIM(budget.in_use() == 0);
}

void check_there_and_back(BytesView plain) {
  const auto bytes = static_cast<uint32_t>(plain.size());
  Bytes zipped = "head";
  append_gzip(plain, zipped);
  CLAIM(zipped.starts_with("head"));
  const ExactCopy whole(BytesView(zipped).substr(4));
  const ExactCopy cut(whole.view().substr(0, whole.view().size() - 1));
  Bytes back;
  CLAIM(gunzip_within(whole.view(), bytes, back).ok());
  CLAIM(back == plain);
  CLAIM(gunzip_within(cut.view(), bytes, back).error == Error::bad_compression);
  const Bytes longer = Bytes(whole.view()) + '\0';
  CLAIM(gunzip_within(longer, bytes, back).error == Error::bad_compression);
  if (bytes == 0) return;
  CLAIM(gunzip_within(whole.view(), bytes - 1, back).error == Error::message_too_large);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint32_t limit = input.u16();
  const ExactCopy material(input.rest());
  check_inflate(material.view(), limit);
  check_budget(material.view(), limit, limit / 2);
  check_budget(material.view(), limit, uint64_t{limit} + 1);
  check_there_and_back(material.view());
  return 0;
}
