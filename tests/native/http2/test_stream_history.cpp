#include <doctest/doctest.h>

#include "http2/stream_history.h"

using namespace tiltyard;

TEST_CASE("only a number above all before it is new, and what it passes over is skipped") {
  StreamHistory history;
  CHECK_FALSE(history.was_skipped(0));
  CHECK(history.is_new(1));
  CHECK_FALSE(history.is_new(1));
  CHECK(history.is_new(3));
  CHECK_FALSE(history.was_skipped(1));
  CHECK_FALSE(history.was_skipped(3));
  CHECK(history.is_new(0x7fffffff));
  CHECK(history.was_skipped(5));
  CHECK(history.was_skipped(0x7ffffffd));
  CHECK_FALSE(history.was_skipped(0x7fffffff));
  CHECK_FALSE(history.is_new(5));
}

TEST_CASE("the first stream may be any, and the ones below it are skipped") {
  StreamHistory history;
  CHECK(history.is_new(5));
  CHECK(history.was_skipped(1));
  CHECK(history.was_skipped(3));
}

TEST_CASE("the last few streams that the peer ended are known, older ones forgotten") {
  StreamHistory history;
  CHECK_FALSE(history.was_ended_by_peer(1));
  for (int32_t id = 1; id < 41; id += 2) history.note_ended_by_peer(id);  // 20 streams
  CHECK(history.was_ended_by_peer(39));
  CHECK(history.was_ended_by_peer(9));
  CHECK_FALSE(history.was_ended_by_peer(7));
}
