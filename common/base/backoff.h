// Full-jitter exponential back-off that remembers; randomness comes in from outside.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/clock.h"

namespace ondol {

struct BackoffLimits {
  Milliseconds first{500};
  Milliseconds ceiling{60'000};
};

class Backoff {
 public:
  explicit Backoff(BackoffLimits limits) : limits_(limits) {}

  // A delay in [0, min(ceiling, first * 2^failures)); random is uniform over all of uint64.
  Milliseconds next(std::uint64_t random) {
    const auto window = std::min(limits_.ceiling, limits_.first * (std::int64_t{1} << std::min(failures_, 30)));
    if (window < limits_.ceiling) ++failures_;
    return Milliseconds{static_cast<std::int64_t>(random % static_cast<std::uint64_t>(window.count()))};
  }
  // Half, not zero: a link that flaps keeps most of its patience.
  void succeeded() { failures_ /= 2; }
  // One failure is forgiven for each whole `each` that things went well: what fails again at once has earned nothing.
  void went_well(Nanoseconds how_long, Nanoseconds each) {
    failures_ -= static_cast<int>(std::min<std::int64_t>(failures_, how_long / each));
  }
  Milliseconds first_window() const { return limits_.first; }
  int failures() const { return failures_; }

 private:
  BackoffLimits limits_;
  int failures_ = 0;
};

}  // namespace ondol
