// One revision resolved for every host of the record, and what that would change. No I/O.
#pragma once

#include <map>
#include <vector>

#include "collector/store/store.h"
#include "common/intent/resolve.h"

namespace ondol::collector {

struct HostIntent {
  HostId host;
  DesiredState state;  // generation not filled in
  Sha256 digest;       // of the intent alone: without generation, revision and the flag for mass deletion
};

struct FleetIntent {
  std::vector<intent::Finding> findings;  // merged; any error: nothing may be stored
  std::vector<HostIntent> hosts;          // in the order of the records
  bool has_errors() const;
};

FleetIntent resolve_fleet(const store::RevisionRow& revision, const std::vector<store::HostRecord>& records);

// Removing more than 30 % of ten or more routes of a host, unless the revision says that it means it.
bool is_mass_delete(const DesiredState& before, const DesiredState& after);
// One error that names the hosts.
intent::Finding mass_delete_finding(std::vector<HostId> hosts);

}  // namespace ondol::collector
