// Links, addresses and nexthop objects as the kernel has them now.
#pragma once

#include <vector>

#include "agent/host/routes/link_table.h"
#include "agent/host/routes/nexthop_table.h"
#include "agent/host/routes/observe_routes.h"
#include "agent/host/routes/request_socket.h"

namespace ondol::routes {

// Each repeats a torn dump up to five times, then fails with kInterrupted.
Result<LinkTable> read_link_table(RequestSocket& requests);
Result<NexthopTable> read_nexthop_table(RequestSocket& requests, const LinkTable& links);
Result<std::vector<Link>> read_links(RequestSocket& requests);  // sorted by index, addresses sorted

}  // namespace ondol::routes
