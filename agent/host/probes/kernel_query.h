// The few questions to rtnetlink that probes need.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "agent/host/probes/decode_neighbour.h"
#include "common/base/result.h"

namespace ondol::probes {

// Thread: any; each call has a socket of its own and waits a second for the kernel at most.
// kNotFound: no route leads there. `source`: what a connection from this address of ours takes.
Result<RouteHops> read_route_to(const IpAddress& address, const std::optional<IpAddress>& source = {});
Result<std::vector<RouteHops>> read_routes(Family family);   // of every table; a torn dump is read again
// Empty: the kernel knows no such neighbour.
Result<std::optional<Neighbour>> read_neighbour(int link, const IpAddress& address);
// Has the kernel ask a resolved neighbour whether it is there; the entry tells what comes of it. Needs CAP_NET_ADMIN.
Result<void> send_solicitation(const Neighbour& neighbour);

}  // namespace ondol::probes
