#include "base/thread_class.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

namespace tiltyard {
namespace {

struct ThreadList {
  std::mutex mutex;
  std::map<int, std::string> names;  // by thread id
};

// What sched_setattr(2) takes; glibc has no wrapper, and not every kernel's headers know it.
struct SchedAttr {
  uint32_t size = sizeof(SchedAttr);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t slice_ns = 0;  // 0: the kernel's own
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};

// Two things that a nice value does not say.
//
// From Linux 6.12 on whoever runs may finish its slice, also a thread of nice 19 when an io thread
// has work: until the next tick, 4 ms later. Who asks for shorter slices gets the core at once.
// Kernels before that preempt by nice value, and ignore this. And a thread of nice 19 earns 4 ms of
// each 270 ms that others want the core, and takes them in one piece; SCHED_IDLE earns a fifth of
// that, and makes way for whoever wakes up.
void set_policy(ThreadClass thread_class, int nice) {
  constexpr uint64_t kShortestNs = 100'000;
  SchedAttr attr;
  attr.policy = thread_class == ThreadClass::idle ? SCHED_IDLE : SCHED_OTHER;
  attr.nice = nice;
  attr.slice_ns = nice_of(thread_class) == 0 ? kShortestNs : 0;
  syscall(SYS_sched_setattr, 0, &attr, 0);  // of this thread
}

// Never freed: threads end after main() does.
ThreadList& thread_list() {
  static ThreadList* const list = new ThreadList();
  return *list;
}

// A thread's place in the list, as long as the thread lives.
struct Listing {
  ~Listing() {
    ThreadList& list = thread_list();
    const std::lock_guard lock(list.mutex);
    list.names.erase(id);
  }
  const int id = current_thread_id();
};

void list_thread(const std::string& name) {
  thread_local const Listing listing;
  ThreadList& list = thread_list();
  const std::lock_guard lock(list.mutex);
  list.names[listing.id] = name;
}

}  // namespace

int nice_of(ThreadClass thread_class) {
  switch (thread_class) {
    case ThreadClass::io:
    case ThreadClass::control:
      return 0;
    case ThreadClass::worker:
      return 10;
    case ThreadClass::background:
    case ThreadClass::idle:
      return 19;
  }
  return 0;
}

uint32_t usable_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return std::thread::hardware_concurrency();
  return static_cast<uint32_t>(CPU_COUNT(&cores));
}

int current_thread_id() {
  return static_cast<int>(syscall(SYS_gettid));
}

std::vector<RunningThread> running_threads() {
  ThreadList& list = thread_list();
  const std::lock_guard lock(list.mutex);
  std::vector<RunningThread> threads;
  for (const auto& [id, name] : list.names) threads.push_back({name, id});
  return threads;
}

void enter_thread_class(ThreadClass thread_class, const std::string& name) {
  list_thread(name);
  // The kernel keeps 15 characters.
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  const auto id = static_cast<id_t>(current_thread_id());
  setpriority(PRIO_PROCESS, id, nice_of(thread_class));
  set_policy(thread_class, getpriority(PRIO_PROCESS, id));
}

uint64_t thread_starved_ns(int thread_id) {
  const std::string path = "/proc/self/task/" + std::to_string(thread_id) + "/schedstat";
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return 0;
  unsigned long long ran_ns = 0, starved_ns = 0;
  const int fields = std::fscanf(file, "%llu %llu", &ran_ns, &starved_ns);
  std::fclose(file);
  return fields == 2 ? starved_ns : 0;
}

}  // namespace tiltyard
