#include <doctest/doctest.h>

#include <vector>

#include "grpc/call_table.h"

using namespace tiltyard;

TEST_CASE("a handle is good while its call is open, and stale ever after") {
  const Limits limits;
  Connection connection(FileDescriptor(), nullptr, limits, 0);
  CallTable calls(8);
  Call* call = calls.try_open(connection, 1, 5);
  REQUIRE(call != nullptr);
  const CallHandle handle = call->handle();
  CHECK(calls.find(handle) == call);
  CHECK(call->arrived_ns == 5);
  call->body = "reply";
  calls.close(*call);
  CHECK(calls.find(handle) == nullptr);
  Call* reused = calls.try_open(connection, 3, 6);
  CHECK(reused == call);
  CHECK(reused->body.empty());
  CHECK(calls.find(handle) == nullptr);
  CHECK(calls.find(reused->handle()) == reused);
  CHECK(calls.find({}) == nullptr);
  CHECK(calls.find({99, 0}) == nullptr);
  calls.close(*reused);
}

TEST_CASE("a slot gives back the memory of the call before") {
  const Limits limits;
  Connection connection(FileDescriptor(), nullptr, limits, 0);
  CallTable calls(8);
  Call* call = calls.try_open(connection, 1, 0);
  call->message.owned.assign(1'000'000, 'x');
  call->held_input.assign(1'000'000, 'x');
  call->body.assign(1'000'000, 'x');
  calls.close(*call);
  Call* reused = calls.try_open(connection, 3, 0);
  REQUIRE(reused == call);
  const size_t kept =
      reused->message.owned.capacity() + reused->held_input.capacity() + reused->body.capacity();
  CHECK(kept < 10'000);
  calls.close(*reused);
}

TEST_CASE("the table holds as many calls as it may and counts them by connection") {
  const Limits limits;
  Connection a(FileDescriptor(), nullptr, limits, 0);
  Connection b(FileDescriptor(), nullptr, limits, 0);
  CallTable calls(3);
  Call* first = calls.try_open(a, 1, 0);
  Call* second = calls.try_open(b, 1, 0);
  Call* third = calls.try_open(a, 3, 0);
  CHECK(calls.try_open(a, 5, 0) == nullptr);
  CHECK(calls.open() == 3);
  CHECK(a.books.open_calls == 2);
  std::vector<Call*> seen;
  calls.for_each_on(a, [&](Call& call) { seen.push_back(&call); });
  CHECK(seen == std::vector<Call*>{third, first});
  calls.close(*first);
  CHECK(a.books.open_calls == 1);
  calls.for_each_on(a, [&](Call& call) { calls.close(call); });
  CHECK(a.books.open_calls == 0);
  CHECK(a.books.first_call == 0);
  calls.close(*second);
  CHECK(calls.open() == 0);
}
