#include "load/reply_check.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <protozero/pbf_reader.hpp>
#include <vector>

namespace tiltyard::load {
namespace {

struct Output {
  std::string_view name;
  std::string_view datatype;
  std::vector<int64_t> shape;
  std::string_view raw;
};

std::string_view view_of(protozero::data_view bytes) {
  return {bytes.data(), bytes.size()};
}

Output parse_output(protozero::pbf_reader message) {
  Output output;
  while (message.next()) {
    if (message.tag() == 1) {
      output.name = view_of(message.get_view());
    } else if (message.tag() == 2) {
      output.datatype = view_of(message.get_view());
    } else if (message.tag() == 3 && message.has_wire_type(protozero::pbf_wire_type::varint)) {
      output.shape.push_back(message.get_int64());
    } else if (message.tag() == 3) {
      for (const int64_t dimension : message.get_packed_int64()) output.shape.push_back(dimension);
    } else {
      message.skip();
    }
  }
  return output;
}

// Throws protozero::exception when `bytes` is not a message.
std::vector<Output> parse_outputs(std::string_view bytes) {
  std::vector<Output> outputs;
  std::vector<std::string_view> raw;
  protozero::pbf_reader message(bytes.data(), bytes.size());
  while (message.next()) {
    if (message.tag() == 5) {
      outputs.push_back(parse_output(message.get_message()));
    } else if (message.tag() == 6) {
      raw.push_back(view_of(message.get_view()));
    } else {
      message.skip();
    }
  }
  if (raw.size() == outputs.size()) {
    for (size_t i = 0; i < raw.size(); ++i) outputs[i].raw = raw[i];
  }
  return outputs;
}

template <typename T>
bool within(std::string_view expected, std::string_view got, double tolerance) {
  for (size_t at = 0; at + sizeof(T) <= expected.size(); at += sizeof(T)) {
    T a;
    T b;
    std::memcpy(&a, expected.data() + at, sizeof(T));
    std::memcpy(&b, got.data() + at, sizeof(T));
    const bool same = std::memcmp(&a, &b, sizeof(T)) == 0;
    // Written so that a NaN on one side only is never within anything.
    if (!same && !(std::fabs(static_cast<double>(a) - static_cast<double>(b)) <= tolerance)) {
      return false;
    }
  }
  return true;
}

bool same_values(const Output& expected, const Output& got, double tolerance) {
  if (expected.raw.size() != got.raw.size()) return false;
  if (expected.raw == got.raw) return true;
  if (tolerance > 0 && expected.datatype == "FP32") {
    return within<float>(expected.raw, got.raw, tolerance);
  }
  if (tolerance > 0 && expected.datatype == "FP64") {
    return within<double>(expected.raw, got.raw, tolerance);
  }
  return false;
}

bool same_shape(std::vector<int64_t> a, std::vector<int64_t> b, bool any_rank) {
  if (any_rank) {
    std::erase(a, 1);
    std::erase(b, 1);
  }
  return a == b;
}

std::string compare(const Output& expected, const Output& got, const ReplyRule& rule) {
  const std::string name(expected.name);
  if (expected.datatype != got.datatype) {
    return "output '" + name + "': expected datatype " + std::string(expected.datatype) + ", got " +
           std::string(got.datatype);
  }
  if (!same_shape(expected.shape, got.shape, rule.any_rank))
    return "output '" + name + "': the shape differs";
  if (same_values(expected, got, rule.tolerance)) return "";
  return "output '" + name + "': the values differ (" + std::to_string(expected.raw.size()) +
         " raw bytes expected, " + std::to_string(got.raw.size()) + " came)";
}

}  // namespace

std::string check_reply(std::string_view expected, std::string_view reply, const ReplyRule& rule) {
  try {
    const std::vector<Output> right = parse_outputs(expected);
    const std::vector<Output> came = parse_outputs(reply);
    if (right.size() != came.size()) {
      return "expected " + std::to_string(right.size()) + " outputs, got " +
             std::to_string(came.size());
    }
    for (const Output& output : right) {
      const Output* match = nullptr;
      for (const Output& candidate : came) {
        if (candidate.name == output.name) match = &candidate;
      }
      if (match == nullptr) return "output '" + std::string(output.name) + "' is missing";
      if (std::string wrong = compare(output, *match, rule); !wrong.empty()) return wrong;
    }
    return "";
  } catch (const protozero::exception&) {
    return "the reply is not a ModelInferResponse";
  }
}

std::optional<std::string> version_of(std::string_view reply) {
  try {
    std::string version;
    protozero::pbf_reader message(reply.data(), reply.size());
    while (message.next()) {
      if (message.tag() == 2) {
        version = message.get_string();
      } else {
        message.skip();
      }
    }
    return version;
  } catch (const protozero::exception&) {
    return std::nullopt;
  }
}

}  // namespace tiltyard::load
