#include "ring/record_reader.h"

#include <algorithm>
#include <utility>

namespace tiltyard {
namespace {

// Half of all blocks may wait to be filled, the same number for each thread at most: none takes
// another's, and blocks that are being filled or read have the other half.
size_t share_of(const RecordPool& pool) {
  return std::max<size_t>(1, pool.blocks_max() / 2 / std::max<size_t>(1, pool.threads()));
}

}  // namespace

RecordReader::RecordReader(std::shared_ptr<RecordPool> pool)
    : pool_(std::move(pool)), share_(share_of(*pool_)) {
  for (uint32_t i = 0; i < pool_->threads(); ++i) threads_.push_back({&pool_->ring(i), {}, 0, 0});
}

std::unique_ptr<RecordReader> RecordReader::open(std::shared_ptr<RecordPool> pool) {
  if (!pool->claim()) return nullptr;
  std::unique_ptr<RecordReader> reader(new RecordReader(std::move(pool)));
  reader->release();
  return reader;
}

void RecordReader::take(uint64_t now_ns, std::vector<RecordSpan>& out) {
  const std::lock_guard lock(mutex_);
  taken_ns_ = now_ns;
  for (Thread& thread : threads_) take_from(thread, now_ns, out);
}

void RecordReader::take_from(Thread& thread, uint64_t now_ns, std::vector<RecordSpan>& out) {
  // First of all: a block that is opened has all in it of the one before it in its plane.
  while (RecordBlock* const block = thread.ring->take_opened()) {
    thread.held.push_back({block, now_ns, 0, false, false});
    ++thread.opened;
  }
  const bool has_revoked = std::any_of(thread.held.begin(), thread.held.end(),
                                       [](const Held& held) { return held.is_revoked; });
  const bool is_quiet = has_revoked && thread.ring->is_quiet();
  for (Held& held : thread.held) {
    if (!held.is_final) take_news(held, is_quiet, now_ns, out);
  }
}

void RecordReader::take_news(Held& held, bool is_quiet, uint64_t now_ns,
                             std::vector<RecordSpan>& out) {
  RecordBlock& block = *held.block;
  const uint32_t state = block.state.load(std::memory_order_acquire);
  const uint32_t written = state & ~RecordBlock::kClosed;
  held.is_final = (state & RecordBlock::kClosed) != 0 || (held.is_revoked && is_quiet);
  if (written > held.taken) {
    out.push_back({block.records + size_t{held.taken} * block.stride, block.plane, block.stride,
                   written - held.taken});
    held.taken = written;
    held.news_ns = now_ns;
  } else if (!held.is_final && !held.is_revoked && now_ns - held.news_ns >= kIdleNs) {
    revoke(held);
  }
}

// The producer may be in a burst that has seen the lease before: not until its ring is quiet is the
// block the reader's.
void RecordReader::revoke(Held& held) {
  held.is_revoked = true;
  // Relaxed: is_quiet(), which comes later, shows it to the producer.
  held.block->lease.store(0, std::memory_order_relaxed);
}

void RecordReader::release() {
  const std::lock_guard lock(mutex_);
  size_t coming = 0;  // blocks that are about to be free
  for (Thread& thread : threads_) {
    for (const Held& held : thread.held) {
      if (held.is_final) pool_->give_back(held.block);
      coming += held.is_revoked && !held.is_final;
    }
    std::erase_if(thread.held, [](const Held& held) { return held.is_final; });
  }
  const size_t missing = lend_blocks();
  if (missing > coming) revoke_oldest(missing - coming);
}

// The reader has the lowest priority, so it comes late when cores are busy: a thread has several
// times the blocks that it used up between two visits, and what it used up in a long pause is
// remembered for some seconds.
size_t RecordReader::wanted_by(Thread& thread) const {
  const size_t forgotten = (thread.demand + kVisitsRemembered - 1) / kVisitsRemembered;
  thread.demand = std::max(std::exchange(thread.opened, 0), thread.demand - forgotten);
  const size_t target = std::min(share_, std::max(kFreeBlocksMin, kVisitsMissed * thread.demand));
  return target - std::min(target, thread.ring->free_blocks());
}

// One block a thread in turn, until all have what they want or nothing is left. How many are
// missing.
size_t RecordReader::lend_blocks() {
  wanted_.clear();
  size_t missing = 0;
  for (Thread& thread : threads_) missing += wanted_.emplace_back(wanted_by(thread));
  while (missing > 0) {
    for (size_t i = 0; i < threads_.size(); ++i) {
      if (wanted_[i] == 0) continue;
      RecordBlock* const block = pool_->take_spare();
      if (block == nullptr) return missing;
      threads_[i].ring->lend(block, pool_->next_lease());
      --wanted_[i];
      --missing;
    }
  }
  return 0;
}

// Takes blocks back that had no news at the last visit, those first that had none for longest.
void RecordReader::revoke_oldest(size_t blocks) {
  oldest_.clear();
  for (Thread& thread : threads_) {
    for (Held& held : thread.held) {
      if (!held.is_revoked && held.news_ns < taken_ns_) oldest_.push_back(&held);
    }
  }
  const size_t count = std::min(blocks, oldest_.size());
  std::partial_sort(oldest_.begin(), oldest_.begin() + static_cast<ptrdiff_t>(count), oldest_.end(),
                    [](const Held* a, const Held* b) { return a->news_ns < b->news_ns; });
  for (size_t i = 0; i < count; ++i) revoke(*oldest_[i]);
}

}  // namespace tiltyard
