// The command line of the load generator. Read once at start, never changed afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tiltyard::load {

struct Options {
  bool help = false;  // nothing else counts then
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::string corpus_file;
  std::string method_path = "/inference.GRPCInferenceService/ModelInfer";
  uint32_t connections = 1;
  uint32_t streams = 1;  // requests in flight a connection, at most

  double duration_s = 5;
  uint64_t requests = 0;  // 0: the duration ends the run
  double warm_up_s = 1;
  double drain_s_max = 20;  // how long the last replies are waited for

  double rate = 0;  // requests a second of an open loop; 0: closed loop
  bool poisson = false;
  uint64_t seed = 1;
  uint64_t keys = 0;  // how many different values tiltyard-key has; 0: it is not sent

  double tolerance = 0;   // largest absolute error of a float output; 0: bit for bit
  bool any_rank = false;  // shapes are compared without their dimensions of 1
  bool busy_poll = false;
  int core = -1;
  std::string tls_ca;             // PEM file: speak TLS and trust this authority
  bool series = false;            // one row a second in the report
  double connect_s = 0;           // how long a refused connection is tried again
  bool first_answer = false;      // ask until one right answer comes, report when, and end
  std::vector<int> watched_pids;  // processes whose CPU time in the window is reported
};

// Fills `options`; the returned sentence is empty, or says what was wrong with the command line.
std::string parse_options(int argc, char** argv, Options& options);

const char* usage();

}  // namespace tiltyard::load
