#include "agent/core/event_log.h"

#include <algorithm>
#include <utility>

namespace ondol::agent {
namespace {

constexpr double kBurst = 200;     // events
constexpr double kPerSecond = 20;  // events
constexpr Seconds kContestedGap{60};
constexpr std::size_t kMaxContested = 4'096;

}  // namespace

void EventLog::restore(EventSequence next, EventSequence oldest, EventSequence unproven) {
  next_ = next;
  oldest_ = oldest;
  unproven_ = unproven;
}

void EventLog::settle(EventSequence durable, Turn& turn) {
  if (!unproven_) return;
  const EventSequence from = *std::exchange(unproven_, std::nullopt);
  const std::uint64_t by = durable >= from ? durable.value + 1 - from.value : 0;
  if (by > 0) {
    oldest_ = EventSequence{std::max(oldest_, from).value + by};
    next_.value += by;
    moved_ += by;
  }
  turn.out.push_back(SettleNumbers{from, by});
}

EventSequence EventLog::append(EventBody body, Turn& turn) {
  const EventSequence sequence = next_;
  ++next_.value;
  turn.out.push_back(AppendEvent{{sequence, turn.now.wall, std::move(body)}});
  return sequence;
}

bool EventLog::admit_unlisted(BootTime now) {
  const double passed = std::chrono::duration<double>(now - refilled_).count();
  allowance_ = std::min(kBurst, allowance_ + passed * kPerSecond);
  refilled_ = now;
  if (allowance_ < 1) {
    ++untold_.unlisted;
    return false;
  }
  allowance_ -= 1;
  return true;
}

std::uint64_t EventLog::take_moved() { return std::exchange(moved_, 0); }

bool EventLog::admit_contested(const routes::RouteKey& key, BootTime now) {
  if (contested_told_.size() >= kMaxContested) {
    std::erase_if(contested_told_, [now](const auto& told) { return now - told.second >= kContestedGap; });
  }
  const auto told = contested_told_.find(key);
  const bool is_due = told == contested_told_.end() ? contested_told_.size() < kMaxContested : now - told->second >= kContestedGap;
  if (is_due) contested_told_[key] = now;
  untold_.contested += is_due ? 0 : 1;
  return is_due;
}

Untold EventLog::take_untold() { return std::exchange(untold_, {}); }

void EventLog::acknowledged(EventSequence durable, Turn& turn) {
  if (durable >= next_) next_ = EventSequence{durable.value + 1};
  if (durable < oldest_) return;
  oldest_ = EventSequence{durable.value + 1};
  turn.out.push_back(TruncateSpool{durable});
}

}  // namespace ondol::agent
