// The collector's own guard against a revision that empties hosts; the agent's guard checks again.
#pragma once

#include <vector>

#include "common/intent/resolve.h"

namespace ondol::collector {

// Removing more than 30 % of ten or more routes of a host, unless the revision says that it means it.
bool is_mass_delete(const DesiredState& before, const DesiredState& after);
// One error that names the hosts.
intent::Finding mass_delete_finding(std::vector<HostId> hosts);
// One warning: what these hosts hold, and not the layers before, says that they will refuse the revision.
intent::Finding will_refuse_finding(std::vector<HostId> hosts);

}  // namespace ondol::collector
