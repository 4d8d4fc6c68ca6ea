// The BYTES framing: any bytes checked against a plain reading of them, decoded and encoded again.
//
// Input: one byte that shifts the claimed number of elements, then the tensor.
#include <optional>
#include <vector>

#include "fuzz_input.h"
#include "infer/bytes_codec.h"

using namespace tiltyard;

namespace {

struct PlainReading {
  std::vector<Bytes> elements;
  BytesFraming framing = BytesFraming::ok;
};

PlainReading read_plainly(BytesView raw) {
  PlainReading found;
  size_t at = 0;
  while (at < raw.size()) {
    if (raw.size() - at < 4) {
      found.framing = BytesFraming::truncated_length;
      return found;
    }
    uint64_t length = 0;
    for (int i = 3; i >= 0; --i) {
      length = length << 8 | static_cast<unsigned char>(raw[at + static_cast<size_t>(i)]);
    }
    if (at + 4 + length > raw.size()) {
      found.framing = BytesFraming::truncated_element;
      return found;
    }
    found.elements.emplace_back(raw.substr(at + 4, length));
    at += 4 + length;
  }
  return found;
}

// The sentence names the element that is wrong, or both counts.
void check_problem(BytesView raw, int64_t claimed, const PlainReading& plain) {
  const Bytes problem = framing_problem(raw, claimed);
  const Bytes found = std::to_string(plain.elements.size());
  switch (plain.framing) {
    case BytesFraming::truncated_length:
      CLAIM(problem == "the data ends inside the length of element " + found);
      break;
    case BytesFraming::truncated_element:
      CLAIM(problem.starts_with("element " + found + " has a length of "));
      break;
    default:
      CLAIM(problem == "expected " + std::to_string(claimed) + " elements, got " + found);
  }
}

void check_decode(BytesView raw, int64_t shift) {
  const PlainReading plain = read_plainly(raw);
  const auto found = static_cast<int64_t>(plain.elements.size());
  const int64_t claimed = found + shift;
  const BytesFraming framing = check_framed_bytes(raw, claimed);
  if (framing != BytesFraming::ok) check_problem(raw, claimed, plain);
  if (plain.framing != BytesFraming::ok) {
    CLAIM(framing == plain.framing);
    return;
  }
  CLAIM(framing == (shift == 0 ? BytesFraming::ok : BytesFraming::wrong_count));
  std::vector<BytesView> views;
  append_framed_views(raw, views);
  CLAIM(std::equal(views.begin(), views.end(), plain.elements.begin(), plain.elements.end()));
  Bytes again;
  for (const BytesView view : views) {
    CLAIM(lies_in(view, raw));
    append_framed(view, again);
  }
  CLAIM(BytesView(again) == raw);
}

// The other way round: elements cut out of the input, framed and read.
void check_encode(BytesView material) {
  std::vector<BytesView> elements;
  while (!material.empty()) {
    const auto length = static_cast<unsigned char>(material[0]);
    material.remove_prefix(1);
    elements.push_back(material.substr(0, length));
    material.remove_prefix(elements.back().size());
  }
  Bytes raw;
  for (const BytesView element : elements) append_framed(element, raw);
  CLAIM(check_framed_bytes(raw, static_cast<int64_t>(elements.size())) == BytesFraming::ok);
  std::vector<BytesView> views;
  append_framed_views(raw, views);
  CLAIM(views == elements);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const auto shift = static_cast<int8_t>(input.byte());
  const ExactCopy raw(input.rest());
  check_decode(raw.view(), 0);
  check_decode(raw.view(), shift);
  check_encode(raw.view());
  return 0;
}
