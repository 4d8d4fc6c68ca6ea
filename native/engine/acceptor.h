// The thread that accepts connections and gives each to the io thread that has the fewest.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/io_thread.h"
#include "net/event_loop.h"
#include "net/tls.h"
#include "stats/counters.h"

namespace tiltyard {

struct ListenOptions {
  std::string host;
  uint16_t port = 0;
  std::string tls_certificate_pem;  // empty: no TLS
  std::string tls_key_pem;
  std::string tls_client_ca_pem;  // not empty: clients must show a certificate
};

class Acceptor {
 public:
  Acceptor(EngineShared& shared, const std::vector<std::unique_ptr<IoThread>>& io_threads)
      : shared_(shared), io_threads_(io_threads) {}
  ~Acceptor() { stop(); }

  // Listens and starts the thread; `port` becomes the one that was bound.
  Status start(const ListenOptions& options, uint16_t& port);
  // Closes the listening sockets and ends the thread. Idempotent.
  void stop();

  struct Counters {
    Counter accepted, refused_full, failed;
  };
  const Counters& counters() const { return counters_; }

 private:
  void run();
  void accept_all(const FileDescriptor& listening);
  void assign(FileDescriptor fd);

  EngineShared& shared_;
  const std::vector<std::unique_ptr<IoThread>>& io_threads_;
  std::vector<FileDescriptor> listening_;
  std::unique_ptr<TlsContext> tls_;
  EventLoop loop_;
  Counters counters_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tiltyard
