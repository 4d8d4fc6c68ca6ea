#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/status.h"

using namespace tiltyard;

TEST_CASE("every error but none has a failing code and a name of its own") {
  std::set<std::string> names;
  for (int i = 0; i < kErrorCount; ++i) {
    const auto error = static_cast<Error>(i);
    CHECK((error == Error::none) == (grpc_code(error) == GrpcCode::ok));
    names.insert(error_name(error));
  }
  CHECK(static_cast<size_t>(kErrorCount) == names.size());
}

TEST_CASE("a status without an error is ok and says nothing") {
  const Status status;
  CHECK(status.ok());
  CHECK(GrpcCode::ok == status.code());
  CHECK(status.message.empty());
}

TEST_CASE("arguments fill the sentence in their order") {
  const Status status = make_error(Error::wrong_dtype, {"fraud", "X", "FP32", "INT64"});
  CHECK(!status.ok());
  CHECK(GrpcCode::invalid_argument == status.code());
  CHECK("model 'fraud' input 'X': expected datatype FP32, got INT64" == status.message);
}

TEST_CASE("an argument that looks like a hole is not filled again") {
  CHECK("model '{}' has no version {}; its versions are {}" ==
        make_error(Error::unknown_version, {"{}", "{}", "{}"}).message);
}

TEST_CASE("bytes that are not printable ASCII are shown escaped") {
  const std::string name("a\0\n\x1b\xc3\xa9\x7f", 7);
  CHECK("model 'a\\x00\\x0a\\x1b\\xc3\\xa9\\x7f' is not found" ==
        make_error(Error::unknown_model, {name}).message);
}

TEST_CASE("a long argument is cut at 256 bytes") {
  CHECK("model '" + std::string(256, 'x') + "' is not found" ==
        make_error(Error::unknown_model, {std::string(256, 'x')}).message);
  CHECK("model '" + std::string(256, 'x') + "...' is not found" ==
        make_error(Error::unknown_model, {std::string(257, 'x')}).message);
}

TEST_CASE("codes that clients act upon") {
  const struct {
    Error error;
    GrpcCode code;
  } rows[] = {
      {Error::unknown_model, GrpcCode::not_found},
      {Error::version_not_ready, GrpcCode::unavailable},
      {Error::queue_full, GrpcCode::unavailable},
      {Error::draining, GrpcCode::unavailable},
      {Error::message_too_large, GrpcCode::resource_exhausted},
      {Error::unknown_method, GrpcCode::unimplemented},
      {Error::unsupported_compression, GrpcCode::unimplemented},
      {Error::bad_compression, GrpcCode::internal},
      {Error::deadline_passed, GrpcCode::deadline_exceeded},
      {Error::cancelled, GrpcCode::cancelled},
      {Error::wrong_dimension, GrpcCode::invalid_argument},
      {Error::run_failed, GrpcCode::internal},
  };
  for (const auto& row : rows) {
    CAPTURE(error_name(row.error));
    CHECK(row.code == grpc_code(row.error));
  }
}
