#include "collector/runtime/history_keeper.h"

#include <algorithm>

namespace ondol::collector {
namespace {

constexpr std::chrono::minutes kRound{10};
constexpr std::size_t kHostsAtOnce = 5;
constexpr std::size_t kMostRows = 500;            // of each kind and host in one transaction: a few milliseconds
constexpr std::size_t kAlwaysKeptEvents = 1'000;  // whatever the clock says
constexpr std::size_t kKeptCertificates = 4;      // an expired one is renewed on proof of its key

}  // namespace

bool HistoryKeeper::wants_hosts(WallTime now) const {
  return next_ >= hosts_.size() && (now - began_ >= kRound || now < began_);
}

void HistoryKeeper::begin_round(std::vector<HostId> hosts, WallTime now) {
  began_ = now;
  hosts_ = std::move(hosts);
  next_ = 0;
}

void HistoryKeeper::turn(WallTime now) {
  if (*under_way_ || writer_.queued_writes() > 0) return;
  store::Batch batch;
  for (; next_ < hosts_.size() && batch.size() < kHostsAtOnce; ++next_) {
    store::PruneHost prune{hosts_[next_]};
    prune.now = now;
    prune.events_from = now - std::chrono::hours(24) * bounds_.days;
    prune.keep_events = bounds_.events_per_host;
    prune.always_keep_events = std::min(kAlwaysKeptEvents, bounds_.events_per_host);
    prune.keep_drift = bounds_.events_per_host;
    prune.always_keep_drift = prune.always_keep_events;
    prune.keep_certificates = kKeptCertificates;
    prune.most_rows = kMostRows;
    batch.push_back(std::move(prune));
  }
  if (batch.empty()) return;
  *under_way_ = true;
  // A disk that fails is said by the writer; the next round comes by again.
  if (!writer_.submit(std::move(batch), [flag = under_way_](const Result<void>&) { *flag = false; })) *under_way_ = false;
}

}  // namespace ondol::collector
