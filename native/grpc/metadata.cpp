#include "grpc/metadata.h"

#include <string>
#include <utility>

namespace tiltyard {
namespace {

constexpr uint64_t kTimeoutNsMax = uint64_t{1} << 62;

bool starts_with(BytesView text, BytesView prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// "application/grpc", alone or with "+proto" or parameters; another codec is not ours.
bool is_grpc_content(BytesView value) {
  constexpr BytesView kBase = "application/grpc";
  if (!starts_with(value, kBase)) return false;
  const BytesView rest = value.substr(kBase.size());
  return rest.empty() || rest[0] == ';' || rest == "+proto" || starts_with(rest, "+proto;");
}

uint64_t unit_ns(char unit) {
  switch (unit) {
    case 'H':
      return 3'600'000'000'000;
    case 'M':
      return 60'000'000'000;
    case 'S':
      return 1'000'000'000;
    case 'm':
      return 1'000'000;
    case 'u':
      return 1'000;
    case 'n':
      return 1;
    default:
      return 0;
  }
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

bool lists(BytesView list, BytesView item) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    BytesView entry = list.substr(0, comma);
    while (!entry.empty() && is_space(entry.front())) entry.remove_prefix(1);
    while (!entry.empty() && is_space(entry.back())) entry.remove_suffix(1);
    if (entry == item) return true;
    if (comma == BytesView::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

void CallMetadata::clear() {
  Bytes kept = std::move(routing_key);  // its memory is used again
  kept.clear();
  *this = CallMetadata();
  routing_key = std::move(kept);
}

void CallMetadata::add(BytesView name, BytesView value, uint64_t now_ns) {
  header_bytes += static_cast<uint32_t>(name.size() + value.size() + 32);
  if (name.empty()) return;
  if (name[0] == ':') return add_pseudo(name, value);
  if (name == "content-type") {
    content_type_ok = is_grpc_content(value);
    if (!content_type_ok && problem.ok()) problem = make_error(Error::bad_content_type, {value});
  } else if (starts_with(name, "grpc-")) {
    add_grpc(name, value, now_ns);
  } else if (name == "triton_grpc_error") {
    errors_end_stream = value == "true";
  } else if (name == "tiltyard-key") {
    routing_key.assign(value);
  }
}

void CallMetadata::add_pseudo(BytesView name, BytesView value) {
  if (name == ":path") {
    method = &find_method(value);
    if (method->method == Method::unknown && problem.ok()) {
      problem = make_error(Error::unknown_method, {value});
    }
  } else if (name == ":method") {
    is_post = value == "POST";
    if (!is_post && problem.ok()) problem = make_error(Error::bad_http_method, {value});
  }
}

void CallMetadata::add_grpc(BytesView name, BytesView value, uint64_t now_ns) {
  if (name == "grpc-timeout") {
    const std::optional<uint64_t> timeout_ns = parse_grpc_timeout(value);
    if (timeout_ns) {
      deadline_ns = now_ns + *timeout_ns;
    } else if (problem.ok()) {
      problem = make_error(Error::bad_timeout, {value});
    }
  } else if (name == "grpc-encoding") {
    request_encoding = value == "identity" ? Encoding::identity
                       : value == "gzip"   ? Encoding::gzip
                                           : Encoding::unsupported;
    if (request_encoding == Encoding::unsupported && problem.ok()) {
      problem = make_error(Error::unsupported_compression, {value});
    }
  } else if (name == "grpc-accept-encoding") {
    // A list may come in several headers, which count as one (RFC 9110, 5.3).
    accepts_gzip = accepts_gzip || lists(value, "gzip");
  }
}

std::optional<uint64_t> parse_grpc_timeout(BytesView text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const uint64_t unit = unit_ns(text.back());
  if (unit == 0) return std::nullopt;
  uint64_t count = 0;
  for (char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    count = count * 10 + static_cast<uint64_t>(c - '0');
  }
  return count > kTimeoutNsMax / unit ? kTimeoutNsMax : count * unit;
}

Bytes percent_encode(BytesView text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  Bytes out;
  out.reserve(text.size());
  for (char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

}  // namespace tiltyard
