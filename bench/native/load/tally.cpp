#include "load/tally.h"

#include <algorithm>
#include <optional>

namespace tiltyard::load {
namespace {

constexpr size_t kPrefixBytes = 5;

bool count_error(const Slot& slot, Tally& tally) {
  ++tally.errors_by_code[slot.grpc_status];
  if (tally.first_error.empty()) {
    tally.first_error = "http status " + std::to_string(slot.http_status) + ", grpc-status " +
                        std::to_string(slot.grpc_status) + ": " + slot.grpc_message;
  }
  return false;
}

// The place of a reply's version in the corpus; its size when the corpus does not know it.
size_t version_index(const Corpus& corpus, std::string_view message) {
  if (corpus.any_version()) return 0;
  const std::optional<std::string> version = version_of(message);
  const auto& known = corpus.versions;
  if (!version) return known.size();
  return static_cast<size_t>(std::find(known.begin(), known.end(), *version) - known.begin());
}

std::string unknown_version(const Corpus& corpus, std::string_view message) {
  const std::optional<std::string> version = version_of(message);
  if (!version) return "the reply is not a ModelInferResponse";
  std::string known;
  for (const std::string& name : corpus.versions) known += (known.empty() ? "" : ", ") + name;
  return "expected model_version to be one of " + known + ", got '" + *version + "'";
}

// What is wrong with the reply, or empty: then `index` is the version it came from.
std::string check_frame(const Slot& slot, const Corpus& corpus, const ReplyRule& rule,
                        size_t& index) {
  const std::string_view frame = slot.reply_frame;
  if (frame.size() < kPrefixBytes || frame[0] != 0) return "no uncompressed gRPC message came";
  const std::string_view message = frame.substr(kPrefixBytes);
  if (frame != grpc_frame(message)) return "the gRPC length differs from the bytes that came";
  index = version_index(corpus, message);
  if (index == corpus.versions.size()) return unknown_version(corpus, message);
  const std::string wrong = check_reply(slot.request.entry->answers[index].expected, message, rule);
  if (wrong.empty() || corpus.any_version()) return wrong;
  return "version " + corpus.versions[index] + ": " + wrong;
}

bool count_right(size_t index, const Corpus& corpus, uint64_t now_ns, Tally& tally) {
  tally.versions.resize(corpus.versions.size());
  VersionReplies& version = tally.versions[index];
  if (version.replies++ == 0) version.first_ns = now_ns;
  version.last_ns = now_ns;
  return true;
}

}  // namespace

bool judge(const Slot& slot, Corpus& corpus, const ReplyRule& rule, uint64_t now_ns, Tally& tally) {
  ++tally.checked;
  if (slot.grpc_status != 0 || slot.http_status != 200) return count_error(slot, tally);
  const auto at = static_cast<size_t>(slot.request.entry - corpus.entries.data());
  std::vector<Answer>& answers = corpus.entries[at].answers;
  if (slot.same_as != nullptr) {
    const auto index = static_cast<size_t>(slot.same_as - answers.data());
    return count_right(index, corpus, now_ns, tally);
  }
  size_t index = 0;
  const std::string wrong = check_frame(slot, corpus, rule, index);
  if (wrong.empty()) {
    answers[index].right_frame = slot.reply_frame;
    return count_right(index, corpus, now_ns, tally);
  }
  ++tally.wrong_values;
  if (tally.first_wrong.empty()) tally.first_wrong = wrong;
  return false;
}

}  // namespace tiltyard::load
