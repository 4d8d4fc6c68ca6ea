// The one reader of all records: takes what has been written, in place, and hands blocks out anew.
//
// Who produces never waits for it and never decides anything: how many free blocks a thread has,
// and when a block that gets no more records is taken back, is decided here. So it makes no
// difference whether a thread is busy, sleeps or has ended, or whether the version whose records a
// block holds still lives.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "ring/record_pool.h"

namespace tiltyard {

// Records that lie one after the other in a block.
struct RecordSpan {
  const std::byte* data = nullptr;
  uint64_t plane = 0;
  uint32_t stride = 0;  // bytes
  uint32_t records = 0;
};

class RecordReader {
 public:
  // A block without news for so long is taken back.
  static constexpr uint64_t kIdleNs = 2'000'000'000;
  // A thread has at least so many free blocks, within its share, while the pool has any: 4 MiB, or
  // 25,000 rows of 30 features, so that one that was idle can begin at full pace between two
  // visits.
  static constexpr size_t kFreeBlocksMin = 64;
  // And enough for so many visits of the reader at its pace, within its share.
  static constexpr size_t kVisitsMissed = 6;
  // How soon a thread's pace is forgotten: by a part of so many at each visit.
  static constexpr size_t kVisitsRemembered = 64;

  // Null: the pool has a reader. The threads have free blocks from now on.
  static std::unique_ptr<RecordReader> open(std::shared_ptr<RecordPool> pool);

  // Appends all that was written and not taken; of one thread and plane in the order of writing.
  // The spans are good until release().
  void take(uint64_t now_ns, std::vector<RecordSpan>& out);
  // What was taken is not needed any more.
  void release();

 private:
  struct Held {
    RecordBlock* block = nullptr;
    uint64_t news_ns = 0;  // when something in it was new
    uint32_t taken = 0;
    bool is_revoked = false;  // taken back; the producer may not have seen it yet
    bool is_final = false;    // all that will ever be in it was taken
  };
  struct Thread {
    RecordRing* ring = nullptr;
    std::vector<Held> held;  // in the order of opening
    size_t opened = 0;       // blocks since the last release()
    size_t demand = 0;       // the same, of busier times too
  };

  explicit RecordReader(std::shared_ptr<RecordPool> pool);
  void take_from(Thread& thread, uint64_t now_ns, std::vector<RecordSpan>& out);
  void take_news(Held& held, bool is_quiet, uint64_t now_ns, std::vector<RecordSpan>& out);
  size_t wanted_by(Thread& thread) const;
  size_t lend_blocks();
  void revoke_oldest(size_t blocks);
  static void revoke(Held& held);

  const std::shared_ptr<RecordPool> pool_;
  const size_t share_;  // of a thread, in free blocks
  std::mutex mutex_;    // readers that should be one; no producer takes it
  std::vector<Thread> threads_;
  std::vector<size_t> wanted_;
  std::vector<Held*> oldest_;
  uint64_t taken_ns_ = 0;
};

}  // namespace tiltyard
