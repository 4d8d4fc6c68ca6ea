#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "base/thread_class.h"

using namespace tiltyard;

namespace {

int times_listed(const std::string& name) {
  const std::vector<RunningThread> threads = running_threads();
  return static_cast<int>(std::count_if(threads.begin(), threads.end(),
                                        [&](const RunningThread& t) { return t.name == name; }));
}

}  // namespace

TEST_CASE("a thread is listed under its last name while it runs, and not after") {
  std::thread([] {
    enter_thread_class(ThreadClass::background, "first name");
    enter_thread_class(ThreadClass::background, "last name");
    CHECK(times_listed("first name") == 0);
    CHECK(times_listed("last name") == 1);
    CHECK(getpriority(PRIO_PROCESS, 0) == nice_of(ThreadClass::background));
  }).join();
  CHECK(times_listed("last name") == 0);
}

TEST_CASE("the kernel's record of a thread is read, and none is no error") {
  CHECK(thread_starved_ns(current_thread_id()) < 3'600'000'000'000u);
  CHECK(thread_starved_ns(-1) == 0);
}
