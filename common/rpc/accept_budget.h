// How fast new connections may come in, and when those come back who may not: decided before any work on TLS is done.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "common/base/clock.h"

namespace ondol::rpc {

// A bucket of a quarter of a second's connections, filled at `per_second`. Whoever is turned away is given a turn of its
// own in the future, one after the other at the same pace: a fleet that comes at once comes back as a queue.
// Thread: one.
class AcceptBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit AcceptBudget(std::size_t per_second);

  // Takes one connection out; false = there is none.
  bool take(Time now);
  // For one who is turned away now, for whatever reason. At most kFarthest: the queue is not remembered beyond it.
  Milliseconds turn(Time now);

  static constexpr Milliseconds kFarthest{60'000};

 private:
  double per_second_, most_, left_;
  std::optional<Time> filled_;
  Time last_turn_{};
};

}  // namespace ondol::rpc
