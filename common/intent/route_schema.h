// One entry of routes.list: from YAML without templates to a route, with every check that needs no other entry.
#pragma once

#include "common/intent/layer.h"

namespace ondol::intent {

// Errors: unknown key, host bits, families that do not fit, an impossible gateway, table, metric, mtu or interface
// name, a gateway of a route that forwards nowhere, a lone `onlink`. The route is normalised.
Checked<RouteItem> parse_route(const yaml::Node& entry, Level level);

}  // namespace ondol::intent
