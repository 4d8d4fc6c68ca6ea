#include <doctest/doctest.h>

#include "grpc/metadata.h"

using namespace tiltyard;

TEST_CASE("grpc-timeout: every unit, and what is not one") {
  CHECK(parse_grpc_timeout("1H") == 3'600'000'000'000u);
  CHECK(parse_grpc_timeout("2M") == 120'000'000'000u);
  CHECK(parse_grpc_timeout("3S") == 3'000'000'000u);
  CHECK(parse_grpc_timeout("4m") == 4'000'000u);
  CHECK(parse_grpc_timeout("5u") == 5'000u);
  CHECK(parse_grpc_timeout("6n") == 6u);
  CHECK(parse_grpc_timeout("0n") == 0u);
  CHECK(parse_grpc_timeout("99999999H") == uint64_t{1} << 62);
  for (const char* bad : {"", "m", "1", "1s", "-1m", "1.5S", "123456789m", " 1m", "0x1m"}) {
    CHECK_MESSAGE(!parse_grpc_timeout(bad).has_value(), bad);
  }
}

TEST_CASE("headers of an honest call") {
  CallMetadata metadata;
  metadata.add(":method", "POST", 100);
  metadata.add(":path", "/inference.GRPCInferenceService/ModelInfer", 100);
  metadata.add("content-type", "application/grpc+proto", 100);
  metadata.add("grpc-timeout", "5n", 100);
  metadata.add("grpc-encoding", "gzip", 100);
  metadata.add("grpc-accept-encoding", "identity, deflate,gzip", 100);
  metadata.add("user-agent", "somebody", 100);
  CHECK(metadata.problem.ok());
  CHECK(metadata.method->method == Method::model_infer);
  CHECK(metadata.is_post);
  CHECK(metadata.content_type_ok);
  CHECK(metadata.deadline_ns == 105);
  CHECK(metadata.request_encoding == Encoding::gzip);
  CHECK(metadata.accepts_gzip);
  metadata.clear();
  CHECK(metadata.method->method == Method::unknown);
  CHECK(metadata.deadline_ns == 0);
}

TEST_CASE("each mistake is named") {
  const auto problem = [](BytesView name, BytesView value) {
    CallMetadata metadata;
    metadata.add(name, value, 0);
    return metadata.problem.error;
  };
  CHECK(problem(":path", "/nobody/Knows") == Error::unknown_method);
  CHECK(problem("content-type", "application/json") == Error::bad_content_type);
  CHECK(problem("content-type", "application/grpc+json") == Error::bad_content_type);
  CHECK(problem("content-type", "application/grpcx") == Error::bad_content_type);
  CHECK(problem("grpc-timeout", "soon") == Error::bad_timeout);
  CHECK(problem("grpc-encoding", "snappy") == Error::unsupported_compression);
}

TEST_CASE("grpc-message is percent-encoded") {
  CHECK(percent_encode("plain text") == "plain text");
  CHECK(percent_encode("50%\n\xc3\xa9") == "50%25%0A%C3%A9");
}

TEST_CASE("accepted encodings may be spread over several headers, with any white space") {
  CallMetadata metadata;
  metadata.add("grpc-accept-encoding", "deflate,\tgzip ,identity", 0);
  metadata.add("grpc-accept-encoding", "identity", 0);
  CHECK(metadata.accepts_gzip);
  CallMetadata other;
  other.add("grpc-accept-encoding", "gzipped, x-gzip", 0);
  CHECK_FALSE(other.accepts_gzip);
}
