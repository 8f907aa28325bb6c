// The host's route values as the core's events and back: plain moves, no decisions.
#pragma once

#include "agent/core/events.h"
#include "agent/host/routes/observe_routes.h"

namespace ondol::agent {

std::vector<TouchedRoute> touched_routes(std::vector<routes::SeenChange> changes);
std::vector<LinkFacts> link_facts(std::vector<routes::Link> links);
// Adds one batch of a larger apply; its indexes start at `offset`.
void append_report(RoutesApplied& applied, routes::ApplyReport report, std::size_t offset);

}  // namespace ondol::agent
