#include <doctest/doctest.h>

#include "engine/encode_reply.h"
#include "engine/job_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("a reply names the version that made it, plain or inside a stream's message") {
  const auto served = served_scale(2);
  const ModelVersion& version = *served->version;
  InferRequestView request;
  request.id = "id-1";
  const Bytes raw = raw_of<float>({1, 2});
  OutputView output;
  output.spec = &version.signature().outputs[0];
  output.shape = shape_of({1, 2});
  output.data = raw;
  Bytes plain, wrapped;
  append_reply(*served, request, -1, false, {&output, 1}, plain);
  append_reply(*served, request, -1, true, {&output, 1}, wrapped);
  std::string error;
  for (const InferReply& reply : {parse_reply(plain), parse_stream_reply(wrapped, error)}) {
    CHECK(reply.model_name == "test");
    CHECK(reply.model_version == "1");
    CHECK(reply.id == "id-1");
    CHECK(reply.values == std::vector<float>{1, 2});
  }
  CHECK(error.empty());
}

TEST_CASE("who asks for an explanation gets role, epoch and bucket; others not a byte more") {
  const auto served = served_scale(2);
  const Bytes raw = raw_of<float>({1, 2});
  OutputView output;
  output.spec = &served->version->signature().outputs[0];
  output.shape = shape_of({1, 2});
  output.data = raw;
  InferRequestView request;
  Bytes plain, refused, explained;
  append_reply(*served, request, 5, false, {&output, 1}, plain);
  ParameterView parameter;
  parameter.key = "tiltyard_explain";
  parameter.kind = ParameterView::Kind::boolean;
  request.parameters.push_back(parameter);
  append_reply(*served, request, 5, false, {&output, 1}, refused);
  request.parameters[0].boolean = true;
  append_reply(*served, request, 5, false, {&output, 1}, explained);
  CHECK(plain == refused);
  CHECK(explained.size() > plain.size());
  for (const char* name : {"tiltyard_role", "pinned", "tiltyard_epoch", "tiltyard_bucket"}) {
    CHECK_MESSAGE(explained.find(name) != Bytes::npos, name);
  }
}
