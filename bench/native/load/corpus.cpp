#include "load/corpus.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>

namespace tiltyard::load {
namespace {

constexpr std::string_view kMagic = "TYLOAD1\n";

std::optional<std::string_view> take_block(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  uint32_t length = 0;
  for (size_t i = 4; i-- > 0;) length = length << 8 | static_cast<uint8_t>(rest[i]);
  rest.remove_prefix(4);
  if (rest.size() < length) return std::nullopt;
  const std::string_view block = rest.substr(0, length);
  rest.remove_prefix(length);
  return block;
}

}  // namespace

std::string grpc_frame(std::string_view message) {
  std::string frame(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>(message.size() >> shift & 0xff));
  }
  return frame.append(message);
}

std::string read_corpus(const std::string& file, Corpus& corpus) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return "corpus file '" + file + "' cannot be opened";
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  std::string_view rest = bytes;
  if (!rest.starts_with(kMagic)) return "corpus file '" + file + "' does not begin with TYLOAD1";
  rest.remove_prefix(kMagic.size());
  while (!rest.empty()) {
    const std::optional<std::string_view> request = take_block(rest);
    const std::optional<std::string_view> expected = take_block(rest);
    if (!request || !expected) {
      return "corpus file '" + file + "' is cut short in entry " +
             std::to_string(corpus.entries.size());
    }
    corpus.entries.push_back({grpc_frame(*request), std::string(*expected), ""});
  }
  if (corpus.entries.empty()) return "corpus file '" + file + "' holds no entry";
  return "";
}

}  // namespace tiltyard::load
