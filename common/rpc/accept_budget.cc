#include "common/rpc/accept_budget.h"

#include <algorithm>

namespace ondol::rpc {

using DoubleSeconds = std::chrono::duration<double>;

AcceptBudget::AcceptBudget(std::size_t per_second)
    : per_second_(static_cast<double>(std::max<std::size_t>(per_second, 1))), most_(std::max(1.0, per_second_ / 4)), left_(most_) {}

bool AcceptBudget::take(Time now) {
  const double gained = filled_ ? DoubleSeconds(now - *filled_).count() * per_second_ : 0;
  filled_ = now;
  left_ = std::min(most_, left_ + gained);
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

Milliseconds AcceptBudget::turn(Time now) {
  const auto gap = std::chrono::duration_cast<Time::duration>(DoubleSeconds(1 / per_second_));
  last_turn_ = std::min(std::max(last_turn_, now) + gap, now + Time::duration(kFarthest));
  return std::chrono::ceil<Milliseconds>(last_turn_ - now);
}

}  // namespace ondol::rpc
