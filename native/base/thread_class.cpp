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
      return 0;
    case ThreadClass::worker:
      return 10;
    case ThreadClass::background:
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
  setpriority(PRIO_PROCESS, static_cast<id_t>(current_thread_id()), nice_of(thread_class));
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
