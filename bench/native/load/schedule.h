// When each request of an open loop is meant to be sent, whatever became of the ones before it.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace tiltyard::load {

class Schedule {
 public:
  // `rate` is in requests a second. Poisson arrivals have exponential gaps of the same mean.
  Schedule(double rate, bool poisson, uint64_t seed, uint64_t start_ns)
      : gap_ns_(1e9 / rate), poisson_(poisson), random_(seed), next_ns_(double(start_ns)) {}

  uint64_t next_ns() const { return static_cast<uint64_t>(next_ns_); }
  void advance() { next_ns_ += poisson_ ? gap_ns_ * exponential_(random_) : gap_ns_; }

 private:
  double gap_ns_;
  bool poisson_;
  std::mt19937_64 random_;
  std::exponential_distribution<double> exponential_{1.0};
  double next_ns_;  // a double holds nanoseconds of uptime exactly for 104 days
};

}  // namespace tiltyard::load
