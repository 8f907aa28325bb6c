// Route operations into the kernel, in batches, with every failure attributed to its operation.
#pragma once

#include <vector>

#include "agent/host/routes/link_table.h"
#include "agent/host/routes/observe_routes.h"
#include "agent/host/routes/request_socket.h"

namespace ondol::routes {

// Continues past failures. `links` must be as fresh as the caller can make it.
ApplyReport apply_routes(RequestSocket& requests, const LinkTable& links,
                         const std::vector<RouteOp>& operations);

}  // namespace ondol::routes
