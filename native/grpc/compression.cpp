#include "grpc/compression.h"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <string>

#include "base/assert.h"

namespace tiltyard {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: 16 more asks for the gzip wrapper
constexpr size_t kGrowBytes = 64 * 1024;
constexpr size_t kDeflateRatioMax = 1'032;

const Bytef* input(BytesView bytes) {
  return reinterpret_cast<const Bytef*>(bytes.data());
}

// Room for what the data says it inflates to, with a byte more for zlib to see the end: memory of
// the right size is not copied as it grows, and goes back to the system whole. It may be a lie, but
// not a larger one than deflate can make true.
size_t size_claimed(BytesView compressed, uint32_t bytes_max) {
  if (compressed.size() < sizeof(uint32_t)) return 0;
  const size_t claimed = load_u32_le(compressed.data() + compressed.size() - sizeof(uint32_t));
  return std::min({claimed, compressed.size() * kDeflateRatioMax, size_t{bytes_max}}) + 1;
}

// How much `out` may grow by in the next step: never beyond one byte over the limit.
size_t room_for_step(uint32_t bytes_max, const Bytes& out) {
  const size_t step = std::max(kGrowBytes, out.size());
  const size_t room = std::min<size_t>(step, size_t{bytes_max} + 1 - out.size());
  return out.size() < out.capacity() ? std::min(room, out.capacity() - out.size()) : room;
}

int inflate_step(z_stream& stream, size_t room, Bytes& out) {
  const size_t had = out.size();
  out.resize(had + room);
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
  stream.avail_out = static_cast<uInt>(room);
  const int result = inflate(&stream, Z_NO_FLUSH);
  out.resize(had + room - stream.avail_out);
  return result;
}

}  // namespace

Status gunzip(BytesView compressed, uint32_t bytes_max, ByteBudget& budget, Charge& charge,
              Bytes& out) {
  out.clear();
  out.reserve(size_claimed(compressed, bytes_max));
  z_stream stream{};
  TILTYARD_ASSERT(inflateInit2(&stream, kGzipWindow) == Z_OK, "out of memory for zlib");
  stream.next_in = input(compressed);
  stream.avail_in = static_cast<uInt>(compressed.size());
  int result = Z_OK;
  bool is_charged = true;
  while (result == Z_OK && out.size() <= bytes_max) {
    size_t room = room_for_step(bytes_max, out);
    is_charged = charge.try_set(budget, out.size() + room);
    if (!is_charged) {  // the rest may be less than a step
      room = std::min(room, kGrowBytes);
      is_charged = charge.try_set(budget, out.size() + room);
    }
    if (!is_charged) break;
    const size_t had = out.size();
    const uInt input_left = stream.avail_in;
    result = inflate_step(stream, room, out);
    if (result == Z_OK && out.size() == had && stream.avail_in == input_left) result = Z_BUF_ERROR;
  }
  const uInt behind = stream.avail_in;
  inflateEnd(&stream);
  if (!is_charged || !charge.try_set(budget, out.size())) {
    return make_error(Error::bytes_in_flight, {std::to_string(budget.bytes_max())});
  }
  if (out.size() > bytes_max) {
    return make_error(Error::message_too_large,
                      {"more than " + std::to_string(bytes_max), std::to_string(bytes_max)});
  }
  if (result != Z_STREAM_END) {
    return make_error(
        Error::bad_compression,
        {result == Z_BUF_ERROR ? "the gzip data ends too early" : "the data is not valid gzip"});
  }
  if (behind > 0) return make_error(Error::bad_compression, {"bytes follow the gzip data's end"});
  return {};
}

void append_gzip(BytesView plain, Bytes& out) {
  z_stream stream{};
  TILTYARD_ASSERT(
      deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
      "out of memory for zlib");
  const size_t begin = out.size();
  out.resize(begin + deflateBound(&stream, plain.size()));
  stream.next_in = input(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
  stream.avail_out = static_cast<uInt>(out.size() - begin);
  TILTYARD_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflateBound leaves room enough");
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
}

}  // namespace tiltyard
