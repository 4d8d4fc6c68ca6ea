// The headers of a call: grpc-timeout, encodings, content type and path, each held against a plain
// reading of it.
//
// Input: lines "name=value", the headers in their order.
#include <optional>
#include <vector>

#include "fuzz_input.h"
#include "grpc/metadata.h"

using namespace tiltyard;

namespace {

constexpr uint64_t kNowNs = 1'000'000'007;
constexpr BytesView kUnits = "HMSmun";
constexpr uint64_t kUnitNs[] = {3'600'000'000'000, 60'000'000'000, 1'000'000'000,
                                1'000'000,         1'000,          1};

struct Header {
  BytesView name;
  BytesView value;
};

std::optional<uint64_t> timeout_of(BytesView text) {
  if (text.size() < 2 || text.size() > 9) return {};
  const size_t unit = kUnits.find(text.back());
  const BytesView digits = text.substr(0, text.size() - 1);
  if (unit == BytesView::npos || digits.find_first_not_of("0123456789") != BytesView::npos)
    return {};
  const auto ns = static_cast<unsigned __int128>(std::stoull(Bytes(digits))) * kUnitNs[unit];
  constexpr auto kMax = static_cast<unsigned __int128>(1) << 62;
  return static_cast<uint64_t>(std::min(ns, kMax));
}

// Whether "gzip" is an item of the comma-separated list.
bool lists_gzip(BytesView list) {
  Bytes closed = "," + Bytes(list) + ",";
  for (size_t at = closed.find("gzip"); at != Bytes::npos; at = closed.find("gzip", at + 1)) {
    const size_t before = closed.find_last_not_of(" \t", at - 1);
    const size_t after = closed.find_first_not_of(" \t", at + 4);
    if (closed[before] == ',' && closed[after] == ',') return true;
  }
  return false;
}

bool is_grpc(BytesView value) {
  for (const BytesView base : {"application/grpc+proto", "application/grpc"}) {
    if (value == base || value.starts_with(Bytes(base) + ";")) return true;
  }
  return false;
}

// What the headers say, and whether any of them is wrong.
struct Expected {
  uint64_t deadline_ns = 0;
  Encoding encoding = Encoding::identity;
  bool accepts_gzip = false;
  bool is_post = false;
  bool content_type_ok = false;
  size_t header_bytes = 0;
  bool has_problem = false;

  void add(const Header& header);
};

void Expected::add(const Header& header) {
  const auto [name, value] = header;
  header_bytes += name.size() + value.size() + 32;
  if (name == "grpc-timeout") {
    const std::optional<uint64_t> timeout_ns = timeout_of(value);
    if (timeout_ns) deadline_ns = kNowNs + *timeout_ns;
    has_problem |= !timeout_ns;
  } else if (name == "grpc-encoding") {
    encoding = value == "gzip"       ? Encoding::gzip
               : value == "identity" ? Encoding::identity
                                     : Encoding::unsupported;
    has_problem |= encoding == Encoding::unsupported;
  } else if (name == "grpc-accept-encoding") {
    accepts_gzip |= lists_gzip(value);
  } else if (name == "content-type") {
    content_type_ok = is_grpc(value);
    has_problem |= !content_type_ok;
  } else if (name == ":method") {
    is_post = value == "POST";
    has_problem |= !is_post;
  } else if (name == ":path") {
    has_problem |= find_method(value).method == Method::unknown;
  }
}

Bytes percent_decode(BytesView text) {
  Bytes out;
  for (size_t i = 0; i < text.size(); ++i) {
    CLAIM(text[i] >= ' ' && text[i] <= '~');
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    CLAIM(i + 2 < text.size());
    out.push_back(static_cast<char>(std::stoi(Bytes(text.substr(i + 1, 2)), nullptr, 16)));
    i += 2;
  }
  return out;
}

bool is_printable(BytesView text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  CallMetadata metadata;
  Expected expected;
  while (!input.empty()) {
    const ExactCopy line(input.until('\n'));
    const size_t equals = std::min(line.view().find('='), line.view().size());
    const BytesView name = line.view().substr(0, equals);
    const BytesView value = line.view().substr(std::min(equals + 1, line.view().size()));
    metadata.add(name, value, kNowNs);
    expected.add({name, value});
    CLAIM(parse_grpc_timeout(value) == timeout_of(value));
    CLAIM(percent_decode(percent_encode(value)) == value);
  }
  CLAIM(metadata.deadline_ns == expected.deadline_ns);
  CLAIM(metadata.request_encoding == expected.encoding);
  CLAIM(metadata.accepts_gzip == expected.accepts_gzip);
  CLAIM(metadata.is_post == expected.is_post);
  CLAIM(metadata.content_type_ok == expected.content_type_ok);
  CLAIM(metadata.header_bytes == expected.header_bytes);
  CLAIM(metadata.problem.ok() == !expected.has_problem);
  CLAIM(metadata.problem.ok() == metadata.problem.message.empty());
  CLAIM(is_printable(metadata.problem.message));
  metadata.clear();
  CLAIM(metadata.problem.ok() && metadata.header_bytes == 0 && metadata.deadline_ns == 0);
  return 0;
}
