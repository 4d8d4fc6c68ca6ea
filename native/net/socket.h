// Sockets as owned file descriptors, and the few calls on them. No policy here.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace tiltyard {

// Owns a descriptor; closes it.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

// Binds and listens on every address that `host` names, and of which the machine has the family.
// Port 0 picks one that is free on all of them; `port` becomes the one that was picked.
Status listen_on(const std::string& host, uint16_t& port, std::vector<FileDescriptor>& out);

// No Nagle delay, non-blocking, closed on exec.
void set_connection_options(int fd);

// A descriptor that epoll can wait on and any thread can raise.
class WakeUp {
 public:
  WakeUp();
  int fd() const { return fd_.get(); }
  void raise();
  void clear();

 private:
  FileDescriptor fd_;
};

}  // namespace tiltyard
