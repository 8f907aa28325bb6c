// The desired states that were needed last, decoded: values and events arrive in bursts from the same hosts.
#pragma once

#include <list>
#include <map>

#include "collector/core/events.h"

namespace ondol::collector {

// Thread: the shard's.
// Limits: 256 hosts and 400,000 routes; the least recently used go first.
class IntentCache {
 public:
  explicit IntentCache(store::Store& store) : store_(store) {}

  // Empty when nothing was ever written for the host, or it cannot be read now (then nothing is compared).
  DesiredPtr find(const HostId& host);
  void forget(const HostId& host) { drop(host); }

 private:
  struct Entry {
    HostId host;
    DesiredPtr state;
    std::size_t routes = 0;
  };
  void drop(const HostId& host);
  void shrink();

  store::Store& store_;
  std::list<Entry> entries_;  // most recently used first
  std::map<HostId, std::list<Entry>::iterator> places_;
  std::size_t routes_ = 0;
};

}  // namespace ondol::collector
