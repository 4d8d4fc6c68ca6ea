#include "load/options.h"

#include <getopt.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace tiltyard::load {
namespace {

enum Flag : int {
  kAddress = 1,
  kCorpus,
  kPath,
  kConnections,
  kStreams,
  kDuration,
  kRequests,
  kWarmUp,
  kRate,
  kPoisson,
  kSeed,
  kKeys,
  kTolerance,
  kAnyRank,
  kBusyPoll,
  kCore,
  kTlsCa,
  kSeries,
  kConnect,
  kFirstAnswer,
  kWatch,
  kHelp,
};

const option kFlags[] = {
    {"address", required_argument, nullptr, kAddress},
    {"corpus", required_argument, nullptr, kCorpus},
    {"path", required_argument, nullptr, kPath},
    {"connections", required_argument, nullptr, kConnections},
    {"streams", required_argument, nullptr, kStreams},
    {"duration", required_argument, nullptr, kDuration},
    {"requests", required_argument, nullptr, kRequests},
    {"warm-up", required_argument, nullptr, kWarmUp},
    {"rate", required_argument, nullptr, kRate},
    {"poisson", no_argument, nullptr, kPoisson},
    {"seed", required_argument, nullptr, kSeed},
    {"keys", required_argument, nullptr, kKeys},
    {"tolerance", required_argument, nullptr, kTolerance},
    {"any-rank", no_argument, nullptr, kAnyRank},
    {"busy-poll", no_argument, nullptr, kBusyPoll},
    {"core", required_argument, nullptr, kCore},
    {"tls-ca", required_argument, nullptr, kTlsCa},
    {"series", no_argument, nullptr, kSeries},
    {"connect-for", required_argument, nullptr, kConnect},
    {"first-answer", no_argument, nullptr, kFirstAnswer},
    {"watch-pid", required_argument, nullptr, kWatch},
    {"help", no_argument, nullptr, kHelp},
    {nullptr, 0, nullptr, 0},
};

// A number in [low, high] and nothing after it.
std::optional<double> number(const char* text, double low, double high) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !std::isfinite(value) || value < low || value > high) {
    return std::nullopt;
  }
  return value;
}

template <typename T>
bool store(T& field, double low, double high) {
  const std::optional<double> value = number(optarg, low, high);
  if (value) field = static_cast<T>(*value);
  return value.has_value();
}

bool store_address(Options& options) {
  const char* colon = std::strrchr(optarg, ':');
  if (colon == nullptr) return false;
  const std::optional<double> port = number(colon + 1, 1, 65535);
  if (!port) return false;
  options.host.assign(optarg, static_cast<size_t>(colon - optarg));
  options.port = static_cast<uint16_t>(*port);
  return !options.host.empty();
}

bool store_watched_pid(Options& options) {
  int pid = 0;
  if (!store(pid, 1, 1 << 22)) return false;
  options.watched_pids.push_back(pid);
  return true;
}

bool apply_flag(int flag, Options& options) {
  switch (flag) {
    case kAddress:
      return store_address(options);
    case kCorpus:
      options.corpus_file = optarg;
      return true;
    case kPath:
      options.method_path = optarg;
      return true;
    case kConnections:
      return store(options.connections, 1, 10'000);
    case kStreams:
      return store(options.streams, 1, 10'000);
    case kDuration:
      return store(options.duration_s, 0.01, 1e6);
    case kRequests:
      return store(options.requests, 1, 1e15);
    case kWarmUp:
      return store(options.warm_up_s, 0, 1e6);
    case kRate:
      return store(options.rate, 0.001, 1e8);
    case kPoisson:
      options.poisson = true;
      return true;
    case kSeed:
      return store(options.seed, 0, 1e15);
    case kKeys:
      return store(options.keys, 1, 1e15);
    case kTolerance:
      return store(options.tolerance, 0, 1e30);
    case kAnyRank:
      options.any_rank = true;
      return true;
    case kBusyPoll:
      options.busy_poll = true;
      return true;
    case kCore:
      return store(options.core, 0, 4095);
    case kTlsCa:
      options.tls_ca = optarg;
      return true;
    case kSeries:
      options.series = true;
      return true;
    case kConnect:
      return store(options.connect_s, 0, 1e6);
    case kFirstAnswer:
      options.first_answer = true;
      return true;
    case kWatch:
      return store_watched_pid(options);
    default:
      return false;
  }
}

}  // namespace

std::string parse_options(int argc, char** argv, Options& options) {
  opterr = 0;
  int index = 0;
  for (int flag; (flag = getopt_long(argc, argv, "", kFlags, &index)) != -1;) {
    if (flag == kHelp) {
      options.help = true;
      return "";
    }
    if (flag == '?') return std::string("unknown or incomplete option ") + argv[optind - 1];
    if (!apply_flag(flag, options)) {
      return std::string("--") + kFlags[index].name + " cannot be '" + (optarg ? optarg : "") + "'";
    }
  }
  if (optind < argc) return std::string("an option was expected, got '") + argv[optind] + "'";
  if (options.port == 0) return "--address HOST:PORT is needed";
  if (options.corpus_file.empty()) return "--corpus FILE is needed";
  if (options.poisson && options.rate == 0) return "--poisson needs --rate";
  return "";
}

const char* usage() {
  return "loadgen --address HOST:PORT --corpus FILE [options]\n"
         "  --connections N --streams N    shape of the load (1 x 1)\n"
         "  --duration S | --requests N    what ends the measured window (5 s)\n"
         "  --warm-up S                    before the window (1 s)\n"
         "  --rate R [--poisson] [--seed N]  open loop: R requests a second, latency from the\n"
         "                                 intended send; without it the loop is closed\n"
         "  --keys N                       send tiltyard-key, N values in turn\n"
         "  --tolerance X                  largest error of a float output (0: bit for bit)\n"
         "  --any-rank                     compare shapes without their dimensions of 1\n"
         "  --busy-poll                    spin instead of sleeping\n"
         "  --core N                       pin to a core\n"
         "  --tls-ca FILE                  TLS with ALPN h2, trusting this authority\n"
         "  --watch-pid PID                report the CPU time this process uses in the window\n"
         "  --connect-for S                try a refused connection again for so long\n"
         "  --first-answer                 ask until one right answer comes and report when\n"
         "  --series                       one row a second in the report\n"
         "  --path PATH                    gRPC method";
}

}  // namespace tiltyard::load
