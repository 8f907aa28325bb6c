// A host's trial as a person reads it: what is tried, how long yet, and what was seen before and after.
#pragma once

#include "collector/cli/render/document.h"
#include "common/base/clock.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// "8, 43 s left"; "-" when none runs.
Cell trial_cell(const v1::HostSummary& host, WallTime now);
// Null when none is known.
Json trial_json(const v1::HostSummary& host, WallTime now);

// What is tried now, or that an end is not known; a known end is the host's last result.
void append_trial(Document& document, const v1::ShowHostReply& reply, WallTime now);

// [{probe, kind, name, address, port, green, text, took_ns}]
Json probes_json(const google::protobuf::RepeatedPtrField<v1::ProbeResult>& probes);

}  // namespace ondol::cli
