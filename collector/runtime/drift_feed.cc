#include "collector/runtime/drift_feed.h"

#include <algorithm>

namespace ondol::collector {
namespace {

constexpr std::size_t kMostWaiting = 4096;
constexpr std::size_t kMostWatchers = 64;

}  // namespace

DriftWatch::DriftWatch(Filter filter) : filter_(std::move(filter)), queue_(kMostWaiting) {}

DriftWatch::Taken DriftWatch::take(session::DriftRecord& into, Milliseconds patience) {
  if (taken_.empty()) {
    taken_ = queue_.take_within(kMostWaiting, patience);
    std::reverse(taken_.begin(), taken_.end());
  }
  if (taken_.empty()) return why_;
  into = std::move(taken_.back());
  taken_.pop_back();
  return Taken::kDrift;
}

bool DriftWatch::offer(const session::DriftRecord& drift, const store::HostRecord* record) {
  if (!filter_(drift, record)) return true;
  if (queue_.push(drift, 1) == BoundedQueue<session::DriftRecord>::Push::kTaken) return true;
  end(Taken::kTooSlow);
  return false;
}

void DriftWatch::end(Taken why) {
  why_ = why;
  queue_.close();
}

Result<std::shared_ptr<DriftWatch>> DriftFeed::watch(DriftWatch::Filter filter) {
  auto watch = std::make_shared<DriftWatch>(std::move(filter));
  const bool taken = watches_.with([&](auto& list) {
    std::erase_if(list, [](const auto& old) { return old.expired(); });
    if (list.size() >= kMostWatchers) return false;
    list.push_back(watch);
    return true;
  });
  if (!taken) return fail(Errc::kLimit, "64 others are watching already", "", "end one of them");
  return watch;
}

void DriftFeed::publish(const session::DriftRecord& drift, const store::HostRecord* record) {
  watches_.with([&](auto& list) {
    std::erase_if(list, [&](const auto& weak) {
      const auto watch = weak.lock();
      return !watch || !watch->offer(drift, record);
    });
  });
}

void DriftFeed::stop() {
  watches_.with([](auto& list) {
    for (const auto& weak : list) {
      if (const auto watch = weak.lock()) watch->end(DriftWatch::Taken::kStopped);
    }
    list.clear();
  });
}

}  // namespace ondol::collector
