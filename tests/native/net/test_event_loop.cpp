#include <doctest/doctest.h>
#include <unistd.h>

#include <thread>

#include "net/event_loop.h"

using namespace tiltyard;

TEST_CASE("events come back with what was registered; a wake-up shows no event of its own") {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  const FileDescriptor reader(fds[0]), writer(fds[1]);
  EventLoop loop;
  int tag = 0;
  loop.add(reader.get(), EPOLLIN, &tag);
  CHECK(loop.wait(0).empty());
  REQUIRE(write(writer.get(), "x", 1) == 1);
  loop.wake();
  const auto events = loop.wait(-1);
  REQUIRE(events.size() == 1);
  CHECK(events[0].data.ptr == &tag);
  loop.remove(reader.get());
  CHECK(loop.wait(0).empty());
}

TEST_CASE("a wake-up from another thread ends a wait without limit, and is not lost before it") {
  EventLoop loop;
  loop.wake();
  CHECK(loop.wait(-1).empty());
  std::thread other([&] { loop.wake(); });
  CHECK(loop.wait(-1).empty());
  other.join();
  CHECK(loop.wait(0).empty());
}
