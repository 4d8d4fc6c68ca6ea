#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "net/socket.h"

using namespace tiltyard;

TEST_CASE("port 0 picks a free port and says which; it cannot be taken twice") {
  std::vector<FileDescriptor> first, second;
  uint16_t port = 0;
  REQUIRE(listen_on("127.0.0.1", port, first).ok());
  CHECK(port != 0);
  const Status taken = listen_on("127.0.0.1", port, second);
  CHECK(taken.error == Error::listen_failed);
  CHECK(taken.message.find(std::to_string(port)) != std::string::npos);
  CHECK(first.size() == 1);
  CHECK(second.empty());
}

TEST_CASE("a name is listened on at each of its addresses, with one port") {
  std::vector<FileDescriptor> fds;
  uint16_t port = 0;
  REQUIRE(listen_on("", port, fds).ok());  // every address there is, of IPv4 and IPv6
  for (const FileDescriptor& fd : fds) {
    sockaddr_storage address{};
    socklen_t bytes = sizeof address;
    REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &bytes) == 0);
    const in_port_t bound = address.ss_family == AF_INET6
                                ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                                : reinterpret_cast<sockaddr_in*>(&address)->sin_port;
    CHECK(ntohs(bound) == port);
  }
  std::vector<FileDescriptor> single;
  uint16_t any = 0;
  const bool has_ipv6 = listen_on("::1", any, single).ok();
  CHECK(fds.size() == (has_ipv6 ? 2 : 1));
}

TEST_CASE("names work, nonsense is an error that names it") {
  std::vector<FileDescriptor> fd;
  uint16_t other = 0;
  CHECK(listen_on("localhost", other, fd).ok());
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
