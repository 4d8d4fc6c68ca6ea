#include <doctest/doctest.h>

#include "engine/encode_reply.h"
#include "engine/job_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("a reply names the version that made it, plain or inside a stream's message") {
  const auto served = served_scale(2);
  const ModelVersion& version = *served->version;
  const Bytes raw = raw_of<float>({1, 2});
  OutputView output;
  output.spec = &version.signature().outputs[0];
  output.shape = shape_of({1, 2});
  output.data = raw;
  Bytes plain, wrapped;
  append_reply(version, "id-1", false, {&output, 1}, plain);
  append_reply(version, "id-1", true, {&output, 1}, wrapped);
  std::string error;
  for (const InferReply& reply : {parse_reply(plain), parse_stream_reply(wrapped, error)}) {
    CHECK(reply.model_name == "test");
    CHECK(reply.model_version == "1");
    CHECK(reply.id == "id-1");
    CHECK(reply.values == std::vector<float>{1, 2});
  }
  CHECK(error.empty());
}
