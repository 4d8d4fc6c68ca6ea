#include "grpc/framing.h"

#include <algorithm>
#include <cstring>

namespace tiltyard {
namespace {

// A client's word on the length is not yet its bytes: memory grows as they come.
constexpr size_t kReserveBytesMax = 1u << 20;

}  // namespace

void MessageAssembler::clear() {
  prefix_bytes_ = 0;
  length_ = 0;
  free_bytes(body_);
}

Status MessageAssembler::take_prefix(BytesView& data, uint32_t message_bytes_max) {
  const size_t n = std::min(kGrpcPrefixBytes - prefix_bytes_, data.size());
  std::memcpy(prefix_ + prefix_bytes_, data.data(), n);
  prefix_bytes_ = static_cast<uint8_t>(prefix_bytes_ + n);
  data.remove_prefix(n);
  if (prefix_bytes_ < kGrpcPrefixBytes) return {};
  if (prefix_[0] != 0 && prefix_[0] != 1) {
    return make_error(Error::malformed_framing,
                      {"the first byte of a message is 0 or 1, not " +
                       std::to_string(static_cast<unsigned char>(prefix_[0]))});
  }
  length_ = load_u32_be(prefix_ + 1);
  if (length_ > message_bytes_max) {
    return make_error(Error::message_too_large,
                      {std::to_string(length_), std::to_string(message_bytes_max)});
  }
  return {};
}

MessageAssembler::Next MessageAssembler::next(BytesView& data, uint32_t message_bytes_max,
                                              GrpcMessage& message, Status& error) {
  if (prefix_bytes_ < kGrpcPrefixBytes) {
    if (data.empty()) return Next::none;
    error = take_prefix(data, message_bytes_max);
    if (!error.ok()) return Next::error;
    if (prefix_bytes_ < kGrpcPrefixBytes) return Next::none;
  }
  message.owned.clear();
  if (body_.empty() && data.size() >= length_) {
    message.view = data.substr(0, length_);
    data.remove_prefix(length_);
  } else {
    const size_t n = std::min(length_ - body_.size(), data.size());
    if (body_.empty()) body_.reserve(std::min<size_t>(length_, kReserveBytesMax));
    body_.append(data.data(), n);
    data.remove_prefix(n);
    if (body_.size() < length_) return Next::none;
    message.owned = std::move(body_);
    message.view = message.owned;
    free_bytes(body_);
  }
  message.compressed = prefix_[0] == 1;
  prefix_bytes_ = 0;
  return Next::message;
}

size_t begin_frame(Bytes& out) {
  const size_t begin = out.size();
  out.append(kGrpcPrefixBytes, '\0');
  return begin;
}

void finish_frame(Bytes& out, size_t begin, bool compressed) {
  out[begin] = compressed ? 1 : 0;
  store_u32_be(out.data() + begin + 1,
               static_cast<uint32_t>(out.size() - begin - kGrpcPrefixBytes));
}

}  // namespace tiltyard
