#include <doctest/doctest.h>

#include "stats/record.h"

using namespace tiltyard;

TEST_CASE("a record is padded so that heads stay on 8 bytes") {
  CHECK(record_stride(0) == 32);
  CHECK(record_stride(1) == 40);
  CHECK(record_stride(2) == 40);
  CHECK(record_stride(33) == 168);
  CHECK(kRecordHeadWords == 8);
}

TEST_CASE("a latency that does not fit is the largest that does") {
  CHECK(saturated_ns(0) == 0);
  CHECK(saturated_ns(4'294'967'294) == 4'294'967'294);
  CHECK(saturated_ns(4'294'967'296) == 4'294'967'295);
}
