// Is a neighbour, a name server or a TCP service there, over the paths as they are now?
#pragma once

#include "common/base/clock.h"
#include "common/resources/trial/trial.h"

namespace ondol::probes {

// Thread: any; blocks for `limit` at most. kGateway: one datagram is sent to the next hop of the route to the address,
// and the kernel's neighbour entry of it is watched; one that was alive a moment ago counts as alive. kDns: any
// well-formed answer counts, whatever it says. kTcp: the connection is closed at once. The other kinds are not for the
// host to make: red, and the text says so.
trial::ProbeResult run_probe(const trial::ProbeTarget& target, Nanoseconds limit);

}  // namespace ondol::probes
