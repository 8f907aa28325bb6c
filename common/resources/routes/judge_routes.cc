#include "common/resources/routes/judge_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/author.h"

namespace ondol::routes {
namespace {

constexpr std::uint32_t kLocalTable = 255;
constexpr std::uint32_t kLastTable = 0xffff'fffe;  // 2^32 - 1 is the kernel's RT_TABLE_MAX, kept for itself
constexpr std::size_t kMostNexthops = 64;          // as on the wire
constexpr std::uint32_t kMostMtu = 65'535;

constexpr bool is_ipv4(const IpAddress& address) { return address.family == Family::kIpv4; }

bool is_loopback(const IpAddress& address) {
  static const IpAddress kIpv6Loopback = parse_address("::1").value();
  return is_ipv4(address) ? address.bytes[0] == 127 : address == kIpv6Loopback;
}

bool is_multicast(const IpAddress& address) {
  return is_ipv4(address) ? (address.bytes[0] & 0xf0) == 0xe0 : address.bytes[0] == 0xff;
}

bool is_link_local_ipv6(const IpAddress& address) {
  return !is_ipv4(address) && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

// linux net/core/dev.c dev_valid_name; control characters are ours to refuse.
bool is_interface_name(std::string_view name) {
  if (name == "." || name == "..") return false;
  return std::ranges::all_of(name, [](char c) { return c > ' ' && c != '/' && c != ':' && c != 0x7f; });
}

class Judge {
 public:
  Judge(const RoutesIntent& intent, const std::optional<HostAddresses>& host) : intent_(intent), host_(host) {
    if (host) {
      own_ = host->own;
      on_link_ = host->connected;
    }
    for (const Route& route : intent.routes) note(route);
    std::ranges::sort(own_);
    std::ranges::sort(on_link_);
    on_link_.erase(std::unique(on_link_.begin(), on_link_.end()), on_link_.end());
  }

  std::vector<RouteLint> judge() && {
    for (std::size_t i = 0; i < intent_.routes.size(); ++i) {
      route_ = &intent_.routes[i];
      if (i > 0 && intent_.routes[i - 1].key == route_->key) {
        error("the same key is listed twice", "keep one, or give one of them another metric or table");
      }
      judge_key();
      judge_value();
      for (const Nexthop& nexthop : route_->value.nexthops) judge_nexthop(nexthop);
    }
    return std::move(lints_);
  }

 private:
  // What one listed route says of the host: its source address is an own one, a route without gateway is on-link.
  void note(const Route& route) {
    if (route.value.preferred_source) own_.push_back(*route.value.preferred_source);
    const IpPrefix& to = route.key.destination;
    if (leads_to_link(route)) on_link_.push_back(to);
    if (route.key.table == kMainTable && to.length == address_bits(to.address.family)) host_routes_.push_back(&route);
  }

  void error(std::string message, std::string remedy) { add(std::move(message), std::move(remedy), LintSeverity::kError); }
  void warn(std::string message, std::string remedy) { add(std::move(message), std::move(remedy), LintSeverity::kWarning); }
  void add(std::string message, std::string remedy, LintSeverity severity) {
    lints_.push_back({route_->key, std::move(message), std::move(remedy), severity});
  }

  Family family() const { return route_->key.destination.address.family; }

  void judge_key() {
    const RouteKey& key = route_->key;
    if (key.table == 0) error("table 0 does not exist", "leave the table out for main, or write 1 to 4294967294");
    if (key.table == kLocalTable) error("table 255 (local) belongs to the kernel", "choose another table");
    if (key.table > kLastTable) error(fmt::format("table {} is reserved", key.table), "write 1 to 4294967294");
    const IpAddress& to = key.destination.address;
    const bool whole_family = key.destination.length == 0;
    if (!whole_family && (is_multicast(to) || is_loopback(to))) {
      error(fmt::format("{} is no destination for a unicast route", render(key.destination)), "remove the route");
    }
    if (key.source && family() == Family::kIpv4) error("only IPv6 routes have a source prefix", "remove the source");
  }

  void judge_value() {
    const RouteValue& value = route_->value;
    const bool forwards = value.type == RouteType::kUnicast;
    if (forwards && value.nexthops.empty()) error("the route leads nowhere", "give it a gateway or an interface");
    if (!forwards && !value.nexthops.empty()) {
      error(fmt::format("a {} route has no gateway and no interface", to_string(value.type)), "remove them");
    }
    if (value.nexthops.size() > kMostNexthops) {
      error(fmt::format("{} nexthops are too many", value.nexthops.size()), fmt::format("at most {}", kMostNexthops));
    }
    const std::uint32_t least_mtu = family() == Family::kIpv4 ? 68 : 1280;  // RFC 791, RFC 8200
    if (value.mtu != 0 && (value.mtu < least_mtu || value.mtu > kMostMtu)) {
      error(fmt::format("mtu {} is out of range", value.mtu), fmt::format("write {} to {}", least_mtu, kMostMtu));
    }
    judge_preferred_source();
    judge_default();
  }

  void judge_preferred_source() {
    const auto& source = route_->value.preferred_source;
    if (!source) return;
    if (source->family != family()) error(fmt::format("source address {} is of the other family", render(*source)), "");
    if (host_ && std::ranges::count(host_->own, *source) == 0) {
      warn(fmt::format("source address {} is not on this host", render(*source)), "the route waits until it is");
    }
  }

  void judge_default() {
    if (route_->key.destination.length != 0 || route_->key.table != kMainTable) return;
    if (route_->value.type != RouteType::kUnicast) {
      warn("a default route that drops cuts off everything without a route of its own",
           "make sure that the collector and the bastions have one");
    } else if (intent_.on_conflict == OnConflict::kTakeOver) {
      warn("take_over replaces the host's default route with this one", "make sure that its gateway is the right one");
    }
  }

  void judge_nexthop(const Nexthop& nexthop) {
    if (!is_interface_name(nexthop.interface.view())) {
      error(fmt::format("'{}' is not an interface name", escaped(std::string(nexthop.interface.view()))), "");
    }
    if (nexthop.weight > 256) error(fmt::format("weight {} is out of range", nexthop.weight), "write 1 to 256");
    if (nexthop.onlink && nexthop.interface.empty()) error("onlink needs an interface", "add dev");
    if (!nexthop.gateway && nexthop.interface.empty()) error("a nexthop needs a gateway or an interface", "add via or dev");
    if (nexthop.gateway) judge_gateway(*nexthop.gateway, nexthop);
  }

  void judge_gateway(const IpAddress& gateway, const Nexthop& nexthop) {
    const auto text = [&gateway] { return render(gateway); };  // dear: only for what is wrong
    if (family() == Family::kIpv6 && gateway.family == Family::kIpv4) {
      error(fmt::format("gateway {} of an IPv6 route is IPv4", text()), "write an IPv6 gateway");
    }
    if (gateway.is_unspecified() || is_loopback(gateway) || is_multicast(gateway)) {
      return error(fmt::format("{} cannot be a gateway", text()), "write the address of the next router");
    }
    if (is_own(gateway)) {
      return error(fmt::format("gateway {} is the host's own address", text()), "write the address of the next router");
    }
    if (is_link_local_ipv6(gateway)) {
      if (nexthop.interface.empty()) error(fmt::format("link-local gateway {} needs an interface", text()), "add dev");
      return;
    }
    if (!nexthop.onlink) judge_reachable(gateway);
  }

  bool is_own(const IpAddress& address) const { return std::ranges::binary_search(own_, address); }

  void judge_reachable(const IpAddress& gateway) {
    if (const Route* const exact = host_route_to(gateway)) {
      if (leads_to_link(*exact)) return;
      return error(fmt::format("gateway {} is not on-link: '{}' leads elsewhere", render(gateway), render(*exact)),
                   "give that route an interface and no gateway, or write onlink");
    }
    if (!host_) return;
    const auto covers = [&](const IpPrefix& network) { return contains(network, gateway); };
    if (std::ranges::any_of(on_link_, covers)) return;
    error(fmt::format("gateway {} is not on-link: no connected network of this host contains it", render(gateway)),
          "correct the gateway, or write dev and onlink");
  }

  static bool leads_to_link(const Route& route) {
    if (route.value.type != RouteType::kUnicast) return false;
    return std::ranges::all_of(route.value.nexthops, [](const Nexthop& n) { return !n.gateway || n.onlink; });
  }

  // Nothing is more specific than a route to this one address, except the route being judged.
  const Route* host_route_to(const IpAddress& gateway) const {
    const IpPrefix exact{gateway, static_cast<std::uint8_t>(address_bits(gateway.family))};
    const auto destination = [](const Route* r) -> const IpPrefix& { return r->key.destination; };
    // Intent is sorted by key, and within one table that is by destination.
    auto it = std::ranges::lower_bound(host_routes_, exact, {}, destination);
    if (it != host_routes_.end() && *it == route_) ++it;
    return it != host_routes_.end() && destination(*it) == exact ? *it : nullptr;
  }

  const RoutesIntent& intent_;
  const std::optional<HostAddresses>& host_;
  std::vector<IpAddress> own_;                // sorted
  std::vector<IpPrefix> on_link_;             // sorted, unique
  std::vector<const Route*> host_routes_;     // to a single address, in main; sorted by destination
  const Route* route_ = nullptr;
  std::vector<RouteLint> lints_;
};

}  // namespace

std::vector<RouteLint> judge_routes(const RoutesIntent& intent, const std::optional<HostAddresses>& host) {
  return Judge(intent, host).judge();
}

}  // namespace ondol::routes
