// What this host sees of its routes and links, as JSON for `ondol-agent inspect routes`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/resources/routes/route.h"

namespace ondol::routes {

struct Link;

// Asks the kernel now; needs no privilege and no running agent. `tables` are compared besides `main`.
Result<std::string> inspect_routes(const std::vector<std::uint32_t>& tables);

// The JSON of what was read. Keys in snake_case, unknown or unset values null; text from the host stays
// escaped.
std::string render(const RouteSnapshot& snapshot, const std::vector<Link>& links);

}  // namespace ondol::routes
