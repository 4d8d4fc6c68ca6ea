// What kind of thread this is: its name, and its priority by nice value.
//
// io threads, and those that an operator waits for, keep nice 0, workers get 10, and the rest 19:
// on a machine with few cores a loading model must not stand in a request's way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tiltyard {

enum class ThreadClass : uint8_t {
  io,
  control,     // answers operators; a rollback is urgent
  worker,      // runs slow models
  background,  // Python, which holds the GIL now and then, and must not starve with it
  idle,        // much work that nobody waits for: loading, shadows, freeing
};

// Names the calling thread, sets its priority, and lists it until it ends. A kernel that refuses
// the priority (it can only refuse to raise it) leaves it as it is.
void enter_thread_class(ThreadClass thread_class, const std::string& name);
// For threads that Python made.
inline void enter_control(const std::string& name) {
  enter_thread_class(ThreadClass::control, name);
}
inline void enter_background(const std::string& name) {
  enter_thread_class(ThreadClass::background, name);
}
inline void enter_idle(const std::string& name) {
  enter_thread_class(ThreadClass::idle, name);
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
