// Short ways to write routes, intents and snapshots in tests.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/resources/routes/plan_routes.h"

namespace ondol::routes {

inline Route unicast(std::string_view to, std::string_view via, std::string_view dev = "", std::uint32_t metric = 0) {
  Route route;
  route.key.destination = parse_prefix(to).value();
  route.key.metric = metric;
  Nexthop nexthop;
  if (!via.empty()) nexthop.gateway = parse_address(via).value();
  nexthop.interface = InterfaceName::make(dev).value();
  route.value.nexthops.push_back(nexthop);
  normalise(route);
  return route;
}

inline Route blackhole(std::string_view to) {
  Route route;
  route.key.destination = parse_prefix(to).value();
  route.value.type = RouteType::kBlackhole;
  normalise(route);
  return route;
}

inline ObservedRoute foreign(Route route, std::uint8_t protocol = kProtocolStatic) {
  return {std::move(route), protocol, Ownership::kForeign};
}
inline ObservedRoute ours(Route route) { return {std::move(route), kOurProtocol, Ownership::kOurs}; }
inline ObservedRoute overwritten(Route route) { return {std::move(route), kProtocolBoot, Ownership::kOverwritten}; }

inline RoutesIntent enforce(std::vector<Route> routes) {
  RoutesIntent intent;
  intent.routes = std::move(routes);
  std::ranges::sort(intent.routes, {}, &Route::key);
  intent.mode = Mode::kEnforce;
  return intent;
}

inline RouteSnapshot snapshot(std::vector<ObservedRoute> routes) {
  RouteSnapshot seen;
  seen.routes = std::move(routes);
  sort_by_key(seen.routes);
  seen.compared = static_cast<std::uint32_t>(seen.routes.size());
  return seen;
}

}  // namespace ondol::routes
