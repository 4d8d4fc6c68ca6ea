#include "load/first_answer.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/tally.h"

namespace tiltyard::load {
namespace {

constexpr useconds_t kPauseUs = 200;
constexpr int kPollMs = 1;

// Remembers whether the question came back, and whether the answer was right.
class Judge final : public Connection::Listener {
 public:
  Judge(Corpus& corpus, const ReplyRule& rule) : corpus_(corpus), rule_(rule) {}

  void on_arrival() override { arrival_ns_ = monotonic_ns(); }
  void on_finished(Connection&, const Slot& slot) override {
    waiting_ = false;
    right_ = judge(slot, corpus_, rule_, arrival_ns_, tally_);
  }

  void ask(Connection& connection) {
    waiting_ = true;
    const uint64_t now_ns = monotonic_ns();
    connection.submit({&corpus_.entries.front(), now_ns}, now_ns);
    connection.flush();
  }
  bool waiting() const { return waiting_; }
  bool right() const { return right_; }
  uint64_t arrival_ns() const { return arrival_ns_; }
  std::string what_came() const {
    return tally_.first_error.empty() ? tally_.first_wrong : tally_.first_error;
  }

 private:
  Corpus& corpus_;
  ReplyRule rule_;
  Tally tally_;
  bool waiting_ = false;
  bool right_ = false;
  uint64_t arrival_ns_ = 0;
};

}  // namespace

std::string wait_for_first_answer(const Options& options, const Target& target, Corpus& corpus,
                                  FirstAnswer& answer) {
  const uint64_t give_up_ns = monotonic_ns() + static_cast<uint64_t>(options.connect_s * 1e9);
  const std::string authority = options.host + ":" + std::to_string(options.port);
  Judge judge(corpus, {options.tolerance, options.any_rank});
  Connection connection(judge, 1, options.method_path, authority, target.tls != nullptr, false);
  std::string last = "nobody listens there";
  while (monotonic_ns() < give_up_ns) {
    if (!connection.alive()) {
      bool refused = false;
      const std::string wrong = connection.open(target, refused);
      if (!wrong.empty()) last = wrong;
      if (!connection.alive()) {
        usleep(kPauseUs);
        continue;
      }
      answer.connected_ns = monotonic_ns();
    }
    if (!judge.waiting()) {
      ++answer.attempts;
      judge.ask(connection);
    }
    pollfd readable{connection.fd(), POLLIN, 0};
    poll(&readable, 1, kPollMs);
    connection.receive();
    connection.flush();
    if (judge.waiting()) continue;
    answer.right_ns = judge.arrival_ns();
    if (judge.right()) return "";
    last = judge.what_came();
    usleep(kPauseUs);
  }
  return "no right answer came in time; last: " + last;
}

}  // namespace tiltyard::load
