#include "net/socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace tiltyard;

TEST_CASE("port 0 picks a free port and says which; it cannot be taken twice") {
  FileDescriptor first, second;
  uint16_t port = 0;
  REQUIRE(listen_on("127.0.0.1", port, first).ok());
  CHECK(port != 0);
  const Status taken = listen_on("127.0.0.1", port, second);
  CHECK(taken.error == Error::listen_failed);
  CHECK(taken.message.find(std::to_string(port)) != std::string::npos);
}

TEST_CASE("IPv6 and names work, nonsense is an error that names it") {
  FileDescriptor fd;
  uint16_t port = 0;
  CHECK(listen_on("::1", port, fd).ok());
  uint16_t other = 0;
  FileDescriptor named;
  CHECK(listen_on("localhost", other, named).ok());
  uint16_t none = 0;
  const Status status = listen_on("no such host", none, fd);
  CHECK(status.error == Error::listen_failed);
  CHECK(status.message.find("no such host") != std::string::npos);
}

TEST_CASE("a descriptor is closed once, by its last owner") {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  {
    FileDescriptor a(fds[0]);
    FileDescriptor b(std::move(a));
    CHECK_FALSE(a.is_open());
    FileDescriptor c;
    c = std::move(b);
    CHECK(c.get() == fds[0]);
  }
  CHECK(fcntl(fds[0], F_GETFD) == -1);
  close(fds[1]);
}
