// What a connection remembers of streams that are no longer open: enough to tell a frame that was
// on its way when we reset the stream (no mistake) from one that the client must not have sent.
//
// nghttp2 forgets a closed stream and passes over what comes for it; RFC 9113 5.1.1 wants a number
// that must not come answered with a connection error. Numbers are those of clients, odd. Not
// thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tiltyard {

class StreamHistory {
 public:
  // A stream number came in HEADERS. True: it is above all before it, so the stream is new.
  bool is_new(int32_t stream_id) {
    if (stream_id <= highest_) return false;
    if (stream_id - 2 > highest_) {
      skipped_first_ = highest_ + 1;
      skipped_last_ = stream_id - 1;
    }
    highest_ = stream_id;
    return true;
  }
  // The client ended the stream or reset it; nothing more may come from it.
  void note_ended_by_peer(int32_t stream_id) {
    ended_[next_] = stream_id;
    next_ = (next_ + 1) % ended_.size();
  }

  // Passed over by a higher number, and so closed without ever having been open. The last gap only.
  bool was_skipped(int32_t stream_id) const {
    return stream_id >= skipped_first_ && stream_id <= skipped_last_;
  }
  // Among the last few that note_ended_by_peer() was told of.
  bool was_ended_by_peer(int32_t stream_id) const {
    for (const int32_t ended : ended_) {
      if (ended == stream_id) return true;
    }
    return false;
  }

 private:
  int32_t highest_ = 0;
  int32_t skipped_first_ = 0;
  int32_t skipped_last_ = -1;
  std::array<int32_t, 16> ended_{};
  size_t next_ = 0;
};

}  // namespace tiltyard
