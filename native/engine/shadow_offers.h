// What an io thread's cycle has answered and shadows are to see: kept at the answer, offered when
// the replies have been flushed.
//
// The io thread's own. A request that was not answered is never offered.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/shadow_pool.h"
#include "grpc/framing.h"

namespace tiltyard {

class ShadowOffers {
 public:
  // `seed` begins the lots by which requests are sampled: never those of a canary's split.
  ShadowOffers(const EngineShared& shared, uint32_t io_thread, uint64_t seed)
      : shared_(shared), io_thread_(io_thread), lots_(seed) {}

  // Which of an arm's shadows are to see a request of its: bit i is shadows[i].
  uint32_t draw(const Shadows& shadows);

  // The request `message` was answered with `reply`, not compressed; `drawn` by draw(). `shadows`
  // and `message` live until offer(). Nothing is copied of a request that a shadow would drop.
  void keep(const Shadows& shadows, uint32_t drawn, GrpcMessage& message, BytesView reply,
            bool is_stream, uint64_t arrived_ns);
  // The same for a message that ends before: its bytes are taken now.
  void keep_ending(const Shadows& shadows, uint32_t drawn, GrpcMessage& message, BytesView reply,
                   bool is_stream, uint64_t arrived_ns);

  // The replies of the cycle have been handed to their sockets.
  void offer(uint64_t flushed_ns);

 private:
  struct Kept {
    Shadow* shadow;
    std::unique_ptr<ShadowItem> item;
    GrpcMessage* message;  // null: the item has the request
    uint64_t arrived_ns;
  };

  const EngineShared& shared_;
  const uint32_t io_thread_;
  uint64_t lots_;
  std::vector<Kept> kept_;
};

}  // namespace tiltyard
