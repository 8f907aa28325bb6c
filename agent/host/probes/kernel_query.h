// The few questions to rtnetlink that probes need. Needs no privilege.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "agent/host/probes/decode_neighbour.h"
#include "common/base/result.h"

namespace ondol::probes {

// Thread: any; each call has a socket of its own and waits a second for the kernel at most.
Result<RouteHops> read_route_to(const IpAddress& address);   // kNotFound: no route leads there
Result<std::vector<RouteHops>> read_routes(Family family);   // of every table
// Empty: the kernel knows no such neighbour.
Result<std::optional<Neighbour>> read_neighbour(int link, const IpAddress& address);

}  // namespace ondol::probes
