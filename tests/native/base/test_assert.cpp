#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "base/assert.h"

namespace {

// Runs `broken` in a child; gives what it wrote to standard error and how it ended.
template <typename Broken>
std::string last_words(Broken broken, int& status) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // doctest's own handler would speak too
    dup2(fds[1], STDERR_FILENO);
    broken();
    _exit(0);
  }
  close(fds[1]);
  std::string words(4'096, '\0');
  size_t read_bytes = 0;
  for (ssize_t got; (got = read(fds[0], &words[read_bytes], words.size() - read_bytes)) > 0;) {
    read_bytes += static_cast<size_t>(got);
  }
  close(fds[0]);
  words.resize(read_bytes);
  REQUIRE(waitpid(child, &status, 0) == child);
  return words;
}

}  // namespace

TEST_CASE("a broken invariant ends the process with its sentence and place") {
  int status = 0;
  const std::string words =
      last_words([] { TILTYARD_ASSERT(1 + 1 == 3, "numbers add up"); }, status);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(words.find("broken invariant") != std::string::npos);
  CHECK(words.find("numbers add up") != std::string::npos);
  CHECK(words.find("test_assert.cpp:") != std::string::npos);
}

TEST_CASE("an invariant that holds does nothing") {
  int status = 1;
  const std::string words = last_words([] { TILTYARD_ASSERT(true, "it holds"); }, status);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(words.empty());
}
