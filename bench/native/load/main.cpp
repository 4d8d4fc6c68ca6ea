// loadgen: one process of load, one JSON object on stdout. Exit code 0 when the load took place
// (the object says how it went), 1 when it could not, 2 for a wrong command line.
#include <sched.h>
#include <sys/prctl.h>

#include <cstdio>

#include "load/corpus.h"
#include "load/first_answer.h"
#include "load/generator.h"
#include "load/options.h"
#include "load/report.h"

namespace tiltyard::load {
namespace {

int fail(const std::string& sentence, int code) {
  std::fprintf(stderr, "loadgen: %s\n", sentence.c_str());
  return code;
}

std::string pin(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<size_t>(core), &cores);
  if (sched_setaffinity(0, sizeof(cores), &cores) == 0) return "";
  return "cannot run on core " + std::to_string(core);
}

int report_first_answer(const Options& options, const Target& target, Corpus& corpus) {
  FirstAnswer answer;
  const std::string wrong = wait_for_first_answer(options, target, corpus, answer);
  if (!wrong.empty()) return fail(wrong, 1);
  std::printf("{\"connected_ns\": %lu, \"right_ns\": %lu, \"attempts\": %lu}\n",
              answer.connected_ns, answer.right_ns, answer.attempts);
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  if (const std::string wrong = parse_options(argc, argv, options); !wrong.empty()) {
    return fail(wrong, 2);
  }
  if (options.help) {
    std::puts(usage());
    return 0;
  }
  Corpus corpus;
  if (const std::string wrong = read_corpus(options.corpus_file, corpus); !wrong.empty()) {
    return fail(wrong, 1);
  }
  Target target;
  if (const std::string wrong = resolve_target(options, target); !wrong.empty()) {
    return fail(wrong, 1);
  }
  if (options.core >= 0) {
    if (const std::string wrong = pin(options.core); !wrong.empty()) return fail(wrong, 1);
  }
  prctl(PR_SET_TIMERSLACK, 1);  // an open loop must not leave late because timers are coalesced
  if (options.first_answer) return report_first_answer(options, target, corpus);
  Generator generator(options, target, corpus);
  if (const std::string wrong = generator.run(); !wrong.empty()) return fail(wrong, 1);
  std::puts(report_json(options, corpus, generator.tally(), generator.cost()).c_str());
  return 0;
}

}  // namespace
}  // namespace tiltyard::load

int main(int argc, char** argv) {
  return tiltyard::load::run(argc, argv);
}
