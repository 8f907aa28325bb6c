// Who watches drift: every durable record goes to every watcher whose filter takes it, through a bounded queue each.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collector/store/store.h"
#include "common/loop/bounded_queue.h"
#include "common/loop/guarded.h"
#include "common/session/drift.h"

namespace ondol::collector {

// One watcher's end. Thread: take from one; the feed pushes from the shard's.
class DriftWatch {
 public:
  // Called on the shard's thread; the record is nullptr when the host has none.
  using Filter = std::function<bool(const session::DriftRecord&, const store::HostRecord*)>;
  explicit DriftWatch(Filter filter);

  enum class Taken { kDrift, kNothingYet, kTooSlow, kStopped };
  // Waits up to `patience`.
  Taken take(session::DriftRecord& into, Milliseconds patience);

 private:
  friend class DriftFeed;
  bool offer(const session::DriftRecord& drift, const store::HostRecord* record);  // false: this watcher is over
  void end(Taken why);

  Filter filter_;
  BoundedQueue<session::DriftRecord> queue_;
  std::vector<session::DriftRecord> taken_;  // newest first
  std::atomic<Taken> why_{Taken::kNothingYet};
};

// Limits: 4,096 records wait per watcher, a slower one is ended; 64 watchers.
class DriftFeed {
 public:
  Result<std::shared_ptr<DriftWatch>> watch(DriftWatch::Filter filter);  // over when the pointer is dropped
  void publish(const session::DriftRecord& drift, const store::HostRecord* record);  // shard's thread
  void stop();

 private:
  Guarded<std::vector<std::weak_ptr<DriftWatch>>> watches_;
};

}  // namespace ondol::collector
