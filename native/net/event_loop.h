// epoll, edge-triggered where the caller keeps a ready list, level-triggered otherwise.
//
// One thread waits; any thread may raise the wake-up. What is registered carries a pointer that
// comes back with its events.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <span>

#include "net/socket.h"

namespace tiltyard {

class EventLoop {
 public:
  static constexpr int kEventsMax = 256;

  EventLoop();
  void add(int fd, uint32_t events, void* data);
  void change(int fd, uint32_t events, void* data);
  void remove(int fd);

  // Waits up to `timeout_ms` (-1: for ever, 0: not at all) and gives the events, without the
  // wake-up's own, which is cleared.
  std::span<const epoll_event> wait(int timeout_ms);
  void wake() { wake_up_.raise(); }

 private:
  FileDescriptor epoll_;
  WakeUp wake_up_;
  std::array<epoll_event, kEventsMax> events_;
};

}  // namespace tiltyard
