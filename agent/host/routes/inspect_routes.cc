#include "agent/host/routes/inspect_routes.h"

#include <nlohmann/json.hpp>

#include "agent/host/routes/observe_routes.h"
#include "common/base/author.h"
#include "common/loop/clocks.h"

namespace ondol::routes {
namespace {

using Json = nlohmann::ordered_json;

template <typename Address>
Json json_of(const std::optional<Address>& address) {
  return address ? Json(render(*address)) : Json();
}

Json name_of(const InterfaceName& name) {
  return name.empty() ? Json() : Json(escaped(std::string(name.view())));
}

Json json_of(const Nexthop& nexthop) {
  return {{"gateway", json_of(nexthop.gateway)},
          {"interface", name_of(nexthop.interface)},
          {"weight", nexthop.weight},
          {"onlink", nexthop.onlink},
          {"encapsulation", nexthop.encapsulation.empty() ? Json() : Json(nexthop.encapsulation)}};
}

Json json_of(const ObservedRoute& observed) {
  const RouteKey& key = observed.route.key;
  const RouteValue& value = observed.route.value;
  Json nexthops = Json::array();
  for (const Nexthop& nexthop : value.nexthops) nexthops.push_back(json_of(nexthop));
  return {{"destination", render(key.destination)},
          {"table", key.table},
          {"metric", key.metric},
          {"source_prefix", json_of(key.source)},
          {"type", to_string(value.type)},
          {"nexthops", std::move(nexthops)},
          {"preferred_source", json_of(value.preferred_source)},
          {"mtu", value.mtu == 0 ? Json() : Json(value.mtu)},
          {"scope", value.scope ? Json(*value.scope) : Json()},
          {"unmodelled", value.unmodelled.empty() ? Json() : Json(value.unmodelled)},
          {"protocol", observed.protocol},
          {"protocol_name", protocol_name(observed.protocol)}};
}

Json json_of(const Link& link) {
  Json addresses = Json::array();
  for (const IpPrefix& address : link.addresses) addresses.push_back(render(address));
  return {{"index", link.index},
          {"name", name_of(link.name)},
          {"up", link.up},
          {"running", link.running},
          {"addresses", std::move(addresses)}};
}

}  // namespace

std::string render(const RouteSnapshot& snapshot, const std::vector<Link>& links) {
  Json routes = Json::array();
  for (const ObservedRoute& route : snapshot.routes) routes.push_back(json_of(route));
  Json counted = Json::array();
  for (const auto& [protocol, count] : snapshot.counted) {
    counted.push_back(
        {{"protocol", protocol}, {"protocol_name", protocol_name(protocol)}, {"routes", count}});
  }
  Json interfaces = Json::array();
  for (const Link& link : links) interfaces.push_back(json_of(link));
  const Json all{{"seen", ondol::render(read_now().wall)},
                 {"compared", snapshot.compared},
                 {"truncated", snapshot.truncated},
                 {"policy_rules", snapshot.policy_rules},
                 {"routes", std::move(routes)},
                 {"counted", std::move(counted)},
                 {"links", std::move(interfaces)}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::string> inspect_routes(const std::vector<std::uint32_t>& tables) {
  RouteSocketOptions options;
  options.blame = false;
  auto socket = open_route_socket(options);
  if (!socket) return fail(socket.error());
  const auto snapshot = (*socket)->snapshot(tables);
  if (!snapshot) return fail(snapshot.error());
  const auto links = (*socket)->links();
  if (!links) return fail(links.error());
  return render(*snapshot, *links);
}

}  // namespace ondol::routes
