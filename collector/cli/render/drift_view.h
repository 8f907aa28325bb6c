// Drift records as a person reads them: what differs, how it ended, and who did it.
#pragma once

#include <string>

#include "collector/cli/render/document.h"
#include "common/base/clock.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// "removed by `ip route del ...` (pid 4121, user kim) at 10:02:11", "removed by unknown process at 10:02:11",
// "vanished at 10:02:11" (the kernel removed it without naming anybody), "found by comparison"
std::string cause_text(const v1::Drift& drift, WallTime now);
// "repaired in 0.2 ms", "open for 5m", "waiting: eth1 down", "contested: ...", "resolved"
std::string outcome_text(const v1::Drift& drift, WallTime now);

Json drift_json(const v1::Drift& drift, WallTime now);
// For watching: host, key, kind, outcome and cause, two spaces apart.
std::string drift_line(const v1::Drift& drift, WallTime now);

Table drift_table(const google::protobuf::RepeatedPtrField<v1::Drift>& drifts, WallTime now);
Document drift_list(const v1::ListDriftReply& reply, WallTime now);
Document drift_show(const v1::Drift& drift, WallTime now);

}  // namespace ondol::cli
