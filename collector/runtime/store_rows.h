// Between the core's values and the store's rows: what is written, and what is loaded at start.
#pragma once

#include "collector/core/effects.h"
#include "collector/store/store.h"

namespace ondol::collector {

// One transaction for one host; events first, so that a drift never outlives the event that explains it.
store::Batch encode_writes(const HostId& host, const HostWrites& writes);

store::DriftRow encode_row(const session::DriftRecord& drift);

// Everything a core needs at start. A row that cannot be read is an error: a collector that forgot half is worse than
// one that does not start.
Result<Loaded> read_loaded(store::Store& store);

// Empty = nothing was ever written for the host.
Result<DesiredPtr> read_desired_state(store::Store& store, const HostId& host);
// kNotFound when no value is stored.
Result<std::shared_ptr<const session::RoutesReport>> read_routes_report(store::Store& store, const HostId& host);

}  // namespace ondol::collector
