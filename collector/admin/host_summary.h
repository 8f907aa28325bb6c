// Hosts as operators see them: records and the core's memory as admin messages.
#pragma once

#include "collector/core/collector_core.h"
#include "collector/core/progress.h"
#include "collector/core/trouble.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::collector {

v1::Record to_wire(const store::HostRecord& record);
v1::Trouble to_wire(Trouble trouble);
v1::Progress to_wire(const Progress& progress);
v1::HostSummary summary_of(const HostState& state);  // state.record must be there

}  // namespace ondol::collector
