#include "base/thread_class.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

namespace tiltyard {
namespace {

// 0.1 ms is the shortest turn that Linux grants.
constexpr uint64_t kIoTurnNs = 100'000;

// The kernel's first struct sched_attr; its header cannot stand beside glibc's <sched.h>.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

// From Linux 6.12 a thread that asks for short turns is woken ahead of threads with longer ones.
// Without it a worker's turn of 3 ms is waited for, whatever its nice value. Older kernels take no
// notice, and need none: there the nice value alone lets a woken thread run.
void ask_for_short_turns() {
  SchedulingAttributes now;
  if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0) return;
  now.runtime_ns = kIoTurnNs;
  syscall(SYS_sched_setattr, 0, &now, 0);
}

}  // namespace

int nice_of(ThreadClass thread_class) {
  switch (thread_class) {
    case ThreadClass::io:
      return 0;
    case ThreadClass::worker:
      return 10;
    case ThreadClass::background:
      return 19;
  }
  return 0;
}

int current_thread_id() { return static_cast<int>(syscall(SYS_gettid)); }

void enter_thread_class(ThreadClass thread_class, const std::string& name) {
  // The kernel keeps 15 characters.
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  setpriority(PRIO_PROCESS, static_cast<id_t>(current_thread_id()), nice_of(thread_class));
  if (thread_class == ThreadClass::io) ask_for_short_turns();
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
