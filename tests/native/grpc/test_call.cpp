#include <doctest/doctest.h>

#include "grpc/call.h"

using namespace tiltyard;

TEST_CASE("a call is answered in gzip when its client sends and accepts it") {
  Call call;
  CHECK_FALSE(call.replies_gzip());
  call.metadata.add("grpc-accept-encoding", "identity, gzip", 0);
  CHECK_FALSE(call.replies_gzip());
  call.metadata.add("grpc-encoding", "gzip", 0);
  CHECK(call.replies_gzip());
  Call silent;
  silent.metadata.add("grpc-encoding", "gzip", 0);
  CHECK_FALSE(silent.replies_gzip());
}

TEST_CASE("a handle is the slot and the generation that it is used in") {
  Call call;
  call.index = 7;
  call.generation = 3;
  CHECK(call.handle().index == 7);
  CHECK(call.handle().generation == 3);
  CHECK(CallHandle().index == 0);  // none
}

TEST_CASE("a call that ends gives back what was charged for it") {
  ByteBudget budget(100);
  {
    Call call;
    REQUIRE(call.charge.try_set(budget, 60));
    REQUIRE(call.output_charge.try_set(budget, 40));
    Call other;
    CHECK_FALSE(other.charge.try_set(budget, 1));
  }
  CHECK(budget.in_use() == 0);
}

TEST_CASE("output that waits is what was framed and not taken") {
  Call call;
  CHECK(call.output_bytes() == 0);
  call.body = "0123456789";
  call.body_from = 4;
  CHECK(call.output_bytes() == 6);
}
