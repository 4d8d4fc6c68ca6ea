#include <doctest/doctest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/thread_class.h"

using namespace tiltyard;

namespace {

struct Seen {
  std::string name;
  int nice = 0;
  int before = 0;
  int policy = -1;
};

Seen seen_as(ThreadClass thread_class, const std::string& name) {
  Seen seen;
  std::thread thread([&] {
    const auto nice_now = [] {
      return getpriority(PRIO_PROCESS, static_cast<id_t>(current_thread_id()));
    };
    seen.before = nice_now();
    enter_thread_class(thread_class, name);
    char text[32];
    pthread_getname_np(pthread_self(), text, sizeof text);
    seen.name = text;
    seen.nice = nice_now();
    seen.policy = sched_getscheduler(0);
  });
  thread.join();
  return seen;
}

}  // namespace

TEST_CASE("a class gives the thread its name and its nice value, and no other thread") {
  const int ours = getpriority(PRIO_PROCESS, static_cast<id_t>(current_thread_id()));
  const Seen worker = seen_as(ThreadClass::worker, "worker-7");
  CHECK(worker.name == "worker-7");
  CHECK(worker.nice == std::max(10, worker.before));
  const Seen background = seen_as(ThreadClass::background, "slow-path");
  CHECK(background.nice == 19);
  CHECK(background.policy == SCHED_OTHER);
  const Seen idle = seen_as(ThreadClass::idle, "reclaimer");
  CHECK(idle.nice == 19);
  CHECK(idle.policy == SCHED_IDLE);
  CHECK(worker.policy == SCHED_OTHER);
  CHECK(getpriority(PRIO_PROCESS, static_cast<id_t>(current_thread_id())) == ours);
}

TEST_CASE("a class that the kernel may refuse leaves the thread running with its name") {
  const Seen io = seen_as(ThreadClass::io, "io-0");
  CHECK(io.name == "io-0");
  CHECK((io.nice == 0 || io.nice == io.before));
  CHECK(io.policy == SCHED_OTHER);
}

TEST_CASE("a long name is cut to what the kernel keeps") {
  CHECK(seen_as(ThreadClass::worker, "a-name-of-twenty-chr").name == "a-name-of-twent");
}

TEST_CASE("classes stand in the order of their importance") {
  CHECK(nice_of(ThreadClass::io) == 0);
  CHECK(nice_of(ThreadClass::io) < nice_of(ThreadClass::worker));
  CHECK(nice_of(ThreadClass::worker) < nice_of(ThreadClass::background));
}

TEST_CASE("the starvation of a thread that is not there is 0, and of one that is never falls") {
  CHECK(thread_starved_ns(-1) == 0);
  uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t now = thread_starved_ns(current_thread_id());
    CHECK(now >= last);
    last = now;
  }
}

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
