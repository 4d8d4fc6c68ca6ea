#include <doctest/doctest.h>

#include <thread>

#include "engine/acceptor.h"
#include "engine/engine_fixture.h"
#include "net/tls_identity.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("connections are spread evenly over the io threads") {
  EngineOptions options;
  options.io_threads = 3;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  std::vector<std::unique_ptr<GrpcTestClient>> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(std::make_unique<GrpcTestClient>(serving.port));
    REQUIRE(clients.back()->call(kInfer, infer_request("scale", {1, 2})).status == 0);
  }
  for (const auto& io : serving.engine.io_threads()) CHECK(io->connections() == 3);
}

TEST_CASE("one connection more than there may be is refused and counted, and room is reused") {
  EngineOptions options;
  options.limits.connections_max = 2;
  ServingEngine serving(options);
  serving.publish({serving.load(1, 2)});
  auto first = std::make_unique<GrpcTestClient>(serving.port);
  GrpcTestClient second(serving.port);
  const std::string request = infer_request("scale", {1, 2});
  REQUIRE(first->call(kInfer, request).status == 0);
  REQUIRE(second.call(kInfer, request).status == 0);
  GrpcTestClient third(serving.port);
  CHECK(third.call(kInfer, request).status == -1);
  CHECK_FALSE(third.connected());
  CHECK(serving.engine.acceptor().counters().refused_full.get() == 1);
  first.reset();
  while (serving.engine.io_threads()[0]->connections() > 1) std::this_thread::yield();
  GrpcTestClient fourth(serving.port);
  CHECK(fourth.call(kInfer, request).status == 0);
  CHECK(serving.engine.acceptor().counters().accepted.get() == 3);
}

TEST_CASE("an address that is taken or TLS material that is unusable is an error that says so") {
  ServingEngine serving;
  Engine other(ort_runtime(), {});
  uint16_t port = 0;
  const Status taken = other.listen({"127.0.0.1", serving.port, "", "", ""}, port);
  CHECK(taken.error == Error::listen_failed);
  CHECK(taken.message.find(std::to_string(serving.port)) != std::string::npos);
  const Identity identity;
  Engine third(ort_runtime(), {});
  const Status no_key =
      third.listen({"127.0.0.1", 0, identity.certificate_pem(), "no key", ""}, port);
  CHECK(no_key.error == Error::tls_setup);
}

TEST_CASE("a stopped acceptor takes nobody, and stopping again is nothing") {
  ServingEngine serving;
  serving.engine.drain();
  serving.engine.drain();
  GrpcTestClient late(serving.port);
  CHECK_FALSE(late.connected());
}
