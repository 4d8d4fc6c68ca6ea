#include "load/corpus.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace tiltyard::load {
namespace {

constexpr std::string_view kMagic = "TYLOAD1\n";
constexpr std::string_view kVersionsMagic = "TYLOAD2\n";
constexpr uint32_t kVersionsMax = 1000;

std::optional<uint32_t> take_number(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  uint32_t number = 0;
  for (size_t i = 4; i-- > 0;) number = number << 8 | static_cast<uint8_t>(rest[i]);
  rest.remove_prefix(4);
  return number;
}

std::optional<std::string_view> take_block(std::string_view& rest) {
  const std::optional<uint32_t> length = take_number(rest);
  if (!length || rest.size() < *length) return std::nullopt;
  const std::string_view block = rest.substr(0, *length);
  rest.remove_prefix(*length);
  return block;
}

bool take_versions(std::string_view& rest, std::vector<std::string>& versions) {
  const std::optional<uint32_t> count = take_number(rest);
  if (!count || *count == 0 || *count > kVersionsMax) return false;
  for (uint32_t i = 0; i < *count; ++i) {
    const std::optional<std::string_view> name = take_block(rest);
    if (!name || name->empty()) return false;
    versions.emplace_back(*name);
  }
  return true;
}

bool take_entry(std::string_view& rest, size_t answer_count, CorpusEntry& entry) {
  const std::optional<std::string_view> request = take_block(rest);
  if (!request) return false;
  entry.frame = grpc_frame(*request);
  for (size_t i = 0; i < answer_count; ++i) {
    const std::optional<std::string_view> expected = take_block(rest);
    if (!expected) return false;
    entry.answers.push_back({std::string(*expected), ""});
  }
  return true;
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
  const bool has_versions = rest.starts_with(kVersionsMagic);
  if (!has_versions && !rest.starts_with(kMagic)) {
    return "corpus file '" + file + "' begins with neither TYLOAD1 nor TYLOAD2";
  }
  rest.remove_prefix(kMagic.size());
  if (!has_versions) {
    corpus.versions.emplace_back();
  } else if (!take_versions(rest, corpus.versions)) {
    return "corpus file '" + file + "' names no versions";
  }
  while (!rest.empty()) {
    CorpusEntry entry;
    if (!take_entry(rest, corpus.versions.size(), entry)) {
      return "corpus file '" + file + "' is cut short in entry " +
             std::to_string(corpus.entries.size());
    }
    corpus.entries.push_back(std::move(entry));
  }
  if (corpus.entries.empty()) return "corpus file '" + file + "' holds no entry";
  return "";
}

}  // namespace tiltyard::load
