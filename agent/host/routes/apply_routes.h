// Route operations into the kernel, in batches, with every failure attributed to its operation.
#pragma once

#include <vector>

#include "agent/host/routes/link_table.h"
#include "agent/host/routes/observe_routes.h"
#include "agent/host/routes/request_socket.h"

namespace ondol::routes {

// Continues past failures. The tables must be as fresh as the caller can make them. A replace is sent only if
// the kernel would hit the route that was read before, and no route that is never compared holds its key.
ApplyReport apply_routes(RequestSocket& requests, const LinkTable& links, const NexthopTable& nexthops,
                         const std::vector<RouteOp>& operations);

}  // namespace ondol::routes
