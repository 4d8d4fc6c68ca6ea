#include "net/event_loop.h"

#include <cerrno>

#include "base/assert.h"

namespace tiltyard {

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  TILTYARD_ASSERT(epoll_.is_open(), "no file descriptor is left for epoll");
  add(wake_up_.fd(), EPOLLIN, nullptr);
}

void EventLoop::add(int fd, uint32_t events, void* data) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = data;
  TILTYARD_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0,
                  "an open descriptor can be added to epoll once");
}

void EventLoop::change(int fd, uint32_t events, void* data) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = data;
  TILTYARD_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0,
                  "a descriptor that is changed was added before");
}

void EventLoop::remove(int fd) {
  TILTYARD_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0,
                  "a descriptor that is removed was added before");
}

std::span<const epoll_event> EventLoop::wait(int timeout_ms) {
  int n = epoll_wait(epoll_.get(), events_.data(), kEventsMax, timeout_ms);
  if (n < 0) {
    TILTYARD_ASSERT(errno == EINTR, "epoll_wait fails only when interrupted");
    return {};
  }
  for (int i = 0; i < n; ++i) {
    if (events_[i].data.ptr != nullptr) continue;
    wake_up_.clear();
    events_[i--] = events_[--n];
  }
  return {events_.data(), static_cast<size_t>(n)};
}

}  // namespace tiltyard
