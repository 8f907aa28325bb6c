// The classic BPF program on the event socket: what the agent must never be woken for is dropped in the
// kernel.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace ondol::routes {

// Drops RTM_NEWROUTE and RTM_DELROUTE that `own_port` caused or whose protocol is never compared, so that a
// storm of a routing daemon cannot overflow the socket. Everything else passes: links, addresses, nexthops,
// other routes.
std::vector<sock_filter> encode_event_filter(std::uint32_t own_port);

}  // namespace ondol::routes
