#include "load/tally.h"

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

std::string check_frame(const Slot& slot, const CorpusEntry& entry, const ReplyRule& rule) {
  const std::string_view frame = slot.reply_frame;
  if (frame.size() < kPrefixBytes || frame[0] != 0) return "no uncompressed gRPC message came";
  const std::string_view message = frame.substr(kPrefixBytes);
  if (frame != grpc_frame(message)) return "the gRPC length differs from the bytes that came";
  return check_reply(entry.expected, message, rule);
}

}  // namespace

bool judge(const Slot& slot, CorpusEntry& entry, const ReplyRule& rule, Tally& tally) {
  ++tally.checked;
  if (slot.grpc_status != 0 || slot.http_status != 200) return count_error(slot, tally);
  if (slot.same_as_right_frame) return true;
  const std::string wrong = check_frame(slot, entry, rule);
  if (wrong.empty()) {
    entry.right_frame = slot.reply_frame;
    return true;
  }
  ++tally.wrong_values;
  if (tally.first_wrong.empty()) tally.first_wrong = wrong;
  return false;
}

}  // namespace tiltyard::load
