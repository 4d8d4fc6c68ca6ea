// What kind of thread this is: its name, and its priority by nice value.
//
// io threads keep nice 0, workers get 10, loading, shadows, reclaiming and Python 19 and SCHED_IDLE:
// on a machine with few cores a loading model must not stand in a request's way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tiltyard {

enum class ThreadClass : uint8_t { io, worker, background };

// Names the calling thread, sets its priority, and lists it until it ends. A kernel that refuses
// the priority (it can only refuse to raise it) leaves it as it is.
void enter_thread_class(ThreadClass thread_class, const std::string& name);
// As a background thread; for threads that Python made.
inline void enter_background(const std::string& name) {
  enter_thread_class(ThreadClass::background, name);
}
int nice_of(ThreadClass thread_class);
int current_thread_id();

struct RunningThread {
  std::string name;
  int id;
};
// The threads of this process that have entered a class and not ended.
std::vector<RunningThread> running_threads();

// How many cores the process may use.
uint32_t usable_cores();
// Nanoseconds that the thread was ready to run and did not, from /proc; 0 where that is not known.
uint64_t thread_starved_ns(int thread_id);

}  // namespace tiltyard
