// One revision resolved for every host of the record, and what that would change. No I/O.
#pragma once

#include <memory>
#include <vector>

#include "collector/store/store.h"
#include "common/intent/resolve.h"

namespace ondol::collector {

struct HostIntent {
  HostId host;
  std::shared_ptr<const intent::ResolvedHost> resolved;  // one object for hosts with the same layers
  // Of what the host is to be: without generation, revision, the flag for mass deletion and the rules of the trial,
  // which say how a change is tried and change nothing themselves.
  Sha256 digest;
};

struct FleetIntent {
  std::vector<intent::Finding> findings;  // merged; any error: nothing may be stored
  std::vector<HostIntent> hosts;          // in the order of the records
  bool has_errors() const;
};

FleetIntent resolve_fleet(const store::RevisionRow& revision, const std::vector<store::HostRecord>& records);

}  // namespace ondol::collector
