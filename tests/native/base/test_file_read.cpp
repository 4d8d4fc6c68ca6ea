#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/file_read.h"

using namespace tiltyard;

namespace {

struct TemporaryFile {
  explicit TemporaryFile(const std::string& content) : descriptor(memfd_create("read", 0)) {
    REQUIRE(write(descriptor, content.data(), content.size()) ==
            static_cast<ssize_t>(content.size()));
    REQUIRE(lseek(descriptor, 0, SEEK_SET) == 0);
  }
  ~TemporaryFile() { close(descriptor); }
  const int descriptor;
};

}  // namespace

TEST_CASE("a file is read whole, however many pieces it takes") {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65'536}, size_t{200'001}}) {
    std::string content(size, ' ');
    for (size_t at = 0; at < size; ++at) content[at] = static_cast<char>(at * 31 % 251);
    const TemporaryFile file(content);
    std::string found(size, '?');
    CHECK(read_in_pieces(file.descriptor, found.data(), size) == static_cast<int64_t>(size));
    CHECK(found == content);
  }
}

TEST_CASE("a file that ends early gives what it has") {
  const TemporaryFile file("seven b");
  std::string found(100, '?');
  CHECK(read_in_pieces(file.descriptor, found.data(), found.size()) == 7);
  CHECK(found.substr(0, 8) == "seven b?");
}

TEST_CASE("what cannot be read is an errno") {
  char byte = 0;
  CHECK(read_in_pieces(-1, &byte, 1) == -EBADF);
}
