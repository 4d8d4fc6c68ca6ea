// CPU time a process has used, all threads, ended ones too, in nanoseconds.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <span>

namespace tiltyard::load {

// 0 when the process is gone.
inline uint64_t cpu_time_ns(pid_t pid) {
  clockid_t clock;
  timespec used;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(used.tv_nsec);
}

inline uint64_t cpu_time_ns(std::span<const int> pids) {
  uint64_t sum = 0;
  for (const int pid : pids) sum += cpu_time_ns(static_cast<pid_t>(pid));
  return sum;
}

}  // namespace tiltyard::load
