// Lets go of the oldest events, closed drift and expired certificates of each host, a few hosts at a time, while the writer is idle.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "collector/store/batched_writer.h"

namespace ondol::collector {

struct HistoryBounds {
  std::size_t events_per_host = 20'000;  // and closed drift likewise
  int days = 400;  // more than the year that auditors ask for
  bool operator==(const HistoryBounds&) const = default;
};

// Thread: one.
// Performance: at most one submission of five hosts is under way, and none while anything else waits to be written.
class HistoryKeeper {
 public:
  HistoryKeeper(store::BatchedWriter& writer, HistoryBounds bounds) : writer_(writer), bounds_(bounds) {}

  // The last round is through, and it began ten minutes ago or more.
  bool wants_hosts(WallTime now) const;
  void begin_round(std::vector<HostId> hosts, WallTime now);
  void turn(WallTime now);

 private:
  store::BatchedWriter& writer_;
  const HistoryBounds bounds_;
  std::vector<HostId> hosts_;
  std::size_t next_ = 0;
  WallTime began_{};
  std::shared_ptr<std::atomic<bool>> under_way_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace ondol::collector
