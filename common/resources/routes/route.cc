#include "common/resources/routes/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "common/base/author.h"

namespace ondol::routes {
namespace {

struct NamedProtocol {
  std::uint8_t number;
  std::string_view name;
  bool is_compared;
};

// Source: linux/rtnetlink.h RTPROT_*, FRR's 193..198, iproute2 rt_protos. Sorted by number.
constexpr NamedProtocol kProtocols[] = {
    {0, "unspec", true},      {1, "redirect", false}, {2, "kernel", false},     {3, "boot", true},
    {4, "static", true},      {8, "gated", false},    {9, "ra", false},         {10, "mrt", false},
    {11, "zebra", false},     {12, "bird", false},    {13, "dnrouted", false},  {14, "xorp", false},
    {15, "ntk", false},       {16, "dhcp", false},    {17, "mrouted", false},   {18, "keepalived", false},
    {42, "babel", false},     {79, "ondol", true},    {99, "openr", false},     {186, "bgp", false},
    {187, "isis", false},     {188, "ospf", false},   {189, "rip", false},      {191, "nhrp", false},
    {192, "eigrp", false},    {193, "ldp", false},    {194, "sharp", false},    {195, "pbr", false},
    {196, "zstatic", false},  {197, "openfabric", false}, {198, "srte", false},
};

const NamedProtocol* find_protocol(std::uint8_t number) {
  const auto* const it = std::ranges::find(kProtocols, number, &NamedProtocol::number);
  return it == std::end(kProtocols) ? nullptr : it;
}

std::string table_name(std::uint32_t table) {
  switch (table) {
    case 253: return "default";
    case kMainTable: return "main";
    case 255: return "local";
    default: return std::to_string(table);
  }
}

std::string scope_name(std::uint8_t scope) {
  switch (scope) {
    case 0: return "global";
    case 200: return "site";
    case 253: return "link";
    case 254: return "host";
    case 255: return "nowhere";
    default: return std::to_string(scope);
  }
}

bool equal_but_for_interface(const Nexthop& a, const Nexthop& b) {
  return a.gateway == b.gateway && a.weight == b.weight && a.onlink == b.onlink && a.encapsulation == b.encapsulation;
}

bool satisfies(const Nexthop& observed, const Nexthop& wanted) {
  const bool interface_fits = wanted.interface.empty() || observed.interface == wanted.interface;
  return interface_fits && equal_but_for_interface(observed, wanted);
}

// Takes the first fitting nexthop out of `remaining`.
bool take_match(Nexthops& remaining, const Nexthop& wanted) {
  const auto it = std::ranges::find_if(remaining, [&](const Nexthop& n) { return satisfies(n, wanted); });
  if (it == remaining.end()) return false;
  remaining.erase(it);
  return true;
}

// Named interfaces choose first; what is left open then takes any that remain, so no better pairing is missed.
bool satisfies(const Nexthops& observed, const Nexthops& wanted) {
  if (observed.size() != wanted.size()) return false;
  if (observed.size() == 1) return satisfies(observed[0], wanted[0]);
  Nexthops remaining = observed;
  for (const bool open : {false, true}) {
    for (const Nexthop& nexthop : wanted) {
      if (nexthop.interface.empty() == open && !take_match(remaining, nexthop)) return false;
    }
  }
  return true;
}

std::string render_nexthop(const Nexthop& nexthop) {
  std::string text;
  if (!nexthop.encapsulation.empty()) text += " encap 0x" + nexthop.encapsulation;
  if (nexthop.gateway) text += " via " + render(*nexthop.gateway);
  if (!nexthop.interface.empty()) text += " dev " + escaped(std::string(nexthop.interface.view()));
  if (nexthop.onlink) text += " onlink";
  return text;
}

std::string render_nexthops(const Nexthops& nexthops) {
  if (nexthops.size() == 1) return render_nexthop(nexthops[0]);
  std::string text;
  for (const Nexthop& nexthop : nexthops) {
    text += " nexthop" + render_nexthop(nexthop) + fmt::format(" weight {}", nexthop.weight);
  }
  return text;
}

// The words after destination, table and metric.
std::string render_rest(const RouteValue& value) {
  std::string text;
  if (value.scope) text += " scope " + scope_name(*value.scope);
  if (value.preferred_source) text += " src " + render(*value.preferred_source);
  if (value.mtu != 0) text += fmt::format(" mtu {}", value.mtu);
  if (!value.unmodelled.empty()) text += " with other attributes 0x" + value.unmodelled;
  return text;
}

std::string render_destination(const RouteKey& key) {
  std::string text = render(key.destination);
  if (key.source) text += " from " + render(*key.source);
  return text;
}

void normalise_nexthops(RouteValue& value) {
  for (Nexthop& nexthop : value.nexthops) {
    if (nexthop.weight == 0 || value.nexthops.size() == 1) nexthop.weight = 1;
    if (nexthop.gateway && nexthop.gateway->is_unspecified()) nexthop.gateway.reset();
  }
  if (value.nexthops.size() > 1) std::ranges::sort(value.nexthops);
}

}  // namespace

bool is_compared(std::uint8_t protocol) {
  const NamedProtocol* const known = find_protocol(protocol);
  return known == nullptr || known->is_compared;
}

std::string protocol_name(std::uint8_t protocol) {
  const NamedProtocol* const known = find_protocol(protocol);
  return known == nullptr ? std::to_string(protocol) : std::string(known->name);
}

std::optional<InterfaceName> InterfaceName::make(std::string_view text) {
  InterfaceName name;
  if (text.size() > name.bytes_.size()) return std::nullopt;
  std::ranges::copy(text, name.bytes_.begin());
  name.size_ = static_cast<std::uint8_t>(text.size());
  return name;
}

std::string_view to_string(RouteType type) {
  switch (type) {
    case RouteType::kUnicast: return "unicast";
    case RouteType::kBlackhole: return "blackhole";
    case RouteType::kUnreachable: return "unreachable";
    case RouteType::kProhibit: return "prohibit";
  }
  return "unknown";
}

void normalise(Route& route) {
  const bool is_ipv6 = route.key.destination.address.family == Family::kIpv6;
  if (is_ipv6 && route.key.metric == 0) route.key.metric = kDefaultMetricIpv6;
  if (route.key.source && route.key.source->length == 0) route.key.source.reset();
  // The kernel hangs every IPv6 route that forwards nowhere on the loopback device.
  const bool forwards = route.value.type == RouteType::kUnicast;
  if (is_ipv6 && !forwards && route.value.nexthops.size() == 1 && !route.value.nexthops[0].gateway) {
    route.value.nexthops.clear();
  }
  normalise_nexthops(route.value);
}

// Sorts small indices, then moves each route once: moving a route costs more than comparing two.
void sort_by_key(std::vector<ObservedRoute>& routes) {
  const auto key = [](const ObservedRoute& seen) -> const RouteKey& { return seen.route.key; };
  if (std::ranges::is_sorted(routes, {}, key)) return;
  std::vector<std::uint32_t> order(routes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const auto less = routes[a].route.key <=> routes[b].route.key;
    return less == 0 ? a < b : less < 0;
  });
  std::vector<ObservedRoute> sorted;
  sorted.reserve(routes.size());
  for (const std::uint32_t i : order) sorted.push_back(std::move(routes[i]));
  routes = std::move(sorted);
}

bool satisfies(const RouteValue& observed, const RouteValue& wanted) {
  if (observed.type != wanted.type || observed.mtu != wanted.mtu) return false;
  if (observed.unmodelled != wanted.unmodelled) return false;
  if (wanted.preferred_source && observed.preferred_source != wanted.preferred_source) return false;
  if (wanted.scope && observed.scope != wanted.scope) return false;
  return satisfies(observed.nexthops, wanted.nexthops);
}

std::string render(const RouteKey& key) {
  return fmt::format("{} table {} metric {}", render_destination(key), table_name(key.table), key.metric);
}

std::string render(const RouteValue& value) {
  const std::string type = value.type == RouteType::kUnicast ? "" : " " + std::string(to_string(value.type));
  const std::string text = type + render_nexthops(value.nexthops) + render_rest(value);
  return text.empty() ? text : text.substr(1);
}

std::string render(const Route& route) {
  const RouteValue& value = route.value;
  const bool multipath = value.nexthops.size() > 1;
  std::string text;
  if (value.type != RouteType::kUnicast) text += std::string(to_string(value.type)) + " ";
  text += render_destination(route.key);
  if (!multipath) text += render_nexthops(value.nexthops);
  if (route.key.table != kMainTable) text += " table " + table_name(route.key.table);
  if (route.key.metric != 0) text += fmt::format(" metric {}", route.key.metric);
  text += render_rest(value);
  if (multipath) text += render_nexthops(value.nexthops);
  return text;
}

}  // namespace ondol::routes
