#include "common/intent/route_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/intent/gateway.h"
#include "common/intent/shape.h"
#include "common/resources/routes/judge_routes.h"

namespace ondol::intent {
namespace {

using yaml::Node;

Checked<std::int64_t> parse_integer(const Node& node, const KeyShape& shape) { return at(node, yaml::read_int(node, shape.least, shape.most)); }

Checked<std::uint32_t> parse_table(const Node& node) {
  if (node.kind == yaml::Kind::kScalar && node.scalar == "main") return routes::kMainTable;
  const auto number = parse_integer(node, route_shape().at("table"));
  if (number && *number != kTableLocal) return static_cast<std::uint32_t>(*number);
  return fault(node.place, fmt::format("'{}' is not a table that can be managed", node.scalar.substr(0, 40)),
               "write main, or a number from 1 to 4294967294 other than 255 (local)");
}

class RouteParser {
 public:
  RouteParser(const Node& entry, Level level) : entry_(entry) {
    item_.level = level;
    item_.place = entry.place;
  }

  Checked<RouteItem> run() {
    ONDOL_CHECKED(check_mapping(entry_, route_shape().names()));
    ONDOL_CHECKED(read_reason());
    ONDOL_CHECKED(read_removal());
    ONDOL_CHECKED(read_key());
    if (!item_.removes) ONDOL_CHECKED(read_value());
    routes::normalise(item_.route);
    ONDOL_CHECKED(judge());
    return std::move(item_);
  }

 private:
  const Node* find(std::string_view key) const { return entry_.find(key); }
  Family family() const { return item_.route.key.destination.address.family; }
  routes::RouteValue& value() { return item_.route.value; }

  // What the route proves against itself; the whole of a host is judged when it is resolved.
  Checked<void> judge() const {
    if (item_.removes) return {};
    routes::RoutesIntent alone;
    alone.routes.push_back(item_.route);
    for (auto& lint : routes::judge_routes(alone, std::nullopt)) {
      if (lint.severity == routes::LintSeverity::kWarning) continue;
      return fault(entry_.place, std::move(lint.message), std::move(lint.remedy));
    }
    return {};
  }

  Checked<void> read_reason() {
    const Node* node = find("reason");
    if (node == nullptr) return {};
    const auto most = static_cast<std::size_t>(route_shape().at("reason").most);
    if (node->kind != yaml::Kind::kScalar || node->scalar.size() > most) {
      return fault(node->place, "the reason is not a short text", fmt::format("write at most {} bytes", most));
    }
    item_.reason = node->scalar;
    return {};
  }

  Checked<void> read_removal() {
    const Node* node = find("remove");
    if (node == nullptr) return {};
    auto removes = at(*node, yaml::read_bool(*node));
    if (!removes) return tl::unexpected<Fault>(removes.error());
    item_.removes = *removes;
    return item_.removes ? refuse_others(removal_form().allowed, "an entry with 'remove: true' has only the key of the route")
                         : Checked<void>{};
  }

  Checked<void> refuse_others(const std::vector<std::string_view>& allowed, std::string_view why) const {
    for (const auto& [key, node] : entry_.entries) {
      if (std::find(allowed.begin(), allowed.end(), key.scalar) != allowed.end()) continue;
      return fault(key.place, fmt::format("'{}' does not belong here: {}", key.scalar, why),
                   fmt::format("remove '{}'", key.scalar));
    }
    return {};
  }

  Checked<void> read_key() {
    ONDOL_CHECKED(read_destination());
    if (const Node* node = find("table")) {
      auto table = parse_table(*node);
      if (!table) return tl::unexpected<Fault>(table.error());
      item_.route.key.table = *table;
    }
    if (const Node* node = find("metric")) {
      auto metric = parse_integer(*node, route_shape().at("metric"));
      if (!metric) return tl::unexpected<Fault>(metric.error());
      item_.route.key.metric = static_cast<std::uint32_t>(*metric);
    } else {
      item_.route.key.metric = family() == Family::kIpv4 ? routes::kDefaultMetricIpv4 : routes::kDefaultMetricIpv6;
    }
    return read_source_prefix();
  }

  Checked<void> read_destination() {
    const Node* node = find("to");
    if (node == nullptr) return fault(entry_.place, "a route without 'to'", "add 'to: PREFIX'");
    if (node->kind == yaml::Kind::kScalar && node->scalar == "default") return read_default(*node);
    auto prefix = parse_prefix_at(*node);
    if (!prefix) return tl::unexpected<Fault>(prefix.error());
    item_.route.key.destination = *prefix;
    return {};
  }

  // The family of `default` is that of its gateways.
  Checked<void> read_default(const Node& node) {
    std::optional<Family> found;
    bool agree = true;
    const auto look = [&](const Node* via) {
      const auto address = via == nullptr ? fail(Errc::kNotFound, "") : parse_address(via->scalar);
      if (!address) return;
      agree = agree && (!found || *found == address->family);
      found = address->family;
    };
    look(find("via"));
    if (const Node* nexthops = find("nexthops")) {
      for (const Node& nexthop : nexthops->items) look(nexthop.find("via"));
    }
    if (!found || !agree) {
      return fault(node.place, "'default' says nothing about IPv4 or IPv6 here", "write 0.0.0.0/0 or ::/0");
    }
    item_.route.key.destination = IpPrefix{IpAddress{*found, {}}, 0};
    return {};
  }

  Checked<void> read_source_prefix() {
    const Node* node = find("from");
    if (node == nullptr) return {};
    auto prefix = parse_prefix_at(*node);
    if (!prefix) return tl::unexpected<Fault>(prefix.error());
    if (prefix->address.family != family()) {
      return fault(node->place, "'from' and 'to' are of different families", "write both as IPv6");
    }
    item_.route.key.source = *prefix;
    return {};
  }

  static Checked<IpPrefix> parse_prefix_at(const Node& node) {
    auto text = at(node, yaml::read_string(node));
    if (!text) return tl::unexpected<Fault>(text.error());
    return at(node, parse_prefix(*text));
  }

  Checked<void> read_value() {
    if (const Node* node = find("type")) {
      auto type = parse_word<routes::RouteType>(*node, kRouteTypeWords);
      if (!type) return tl::unexpected<Fault>(type.error());
      value().type = *type;
    }
    if (value().type != routes::RouteType::kUnicast) {
      return refuse_others(nowhere_form().allowed, fmt::format("a {} route forwards nowhere", to_string(value().type)));
    }
    ONDOL_CHECKED(read_nexthops());
    ONDOL_CHECKED(read_preferred_source());
    if (const Node* node = find("mtu")) {
      auto mtu = parse_integer(*node, route_shape().at("mtu"));
      if (!mtu) return tl::unexpected<Fault>(mtu.error());
      value().mtu = static_cast<std::uint32_t>(*mtu);
    }
    return read_scope();
  }

  Checked<void> read_scope() {
    const Node* node = find("scope");
    if (node == nullptr) return {};
    auto scope = parse_word<std::uint8_t>(*node, kScopeWords);
    if (!scope) return tl::unexpected<Fault>(scope.error());
    if (family() == Family::kIpv6) return fault(node->place, "IPv6 routes have no scope", "remove 'scope'");
    const bool has_gateway =
        std::any_of(value().nexthops.begin(), value().nexthops.end(), [](const auto& n) { return n.gateway; });
    if (has_gateway && *scope >= kScopeLink) {
      return fault(node->place, "a route through a gateway cannot have scope link or host", "remove 'scope' or 'via'");
    }
    value().scope = *scope;
    return {};
  }

  Checked<void> read_preferred_source() {
    const Node* node = find("src");
    if (node == nullptr) return {};
    auto text = at(*node, yaml::read_string(*node));
    if (!text) return tl::unexpected<Fault>(text.error());
    auto address = at(*node, parse_address(*text));
    if (!address) return tl::unexpected<Fault>(address.error());
    value().preferred_source = *address;
    return {};
  }

  Checked<void> read_nexthops() {
    const Node* list = find("nexthops");
    if (list == nullptr) return read_single_nexthop();
    ONDOL_CHECKED(refuse_others(several_nexthops_form().allowed, "each of the nexthops has its own"));
    const auto most = static_cast<std::size_t>(route_shape().at("nexthops").most);
    if (list->kind != yaml::Kind::kSequence || list->items.empty() || list->items.size() > most) {
      return fault(list->place, fmt::format("'nexthops' is not a list of 1 to {} entries", most),
                   "write - { via: ADDRESS, weight: 1 }");
    }
    for (const Node& node : list->items) {
      ONDOL_CHECKED(check_mapping(node, nexthop_shape().names()));
      auto nexthop = parse_nexthop(node);
      if (!nexthop) return tl::unexpected<Fault>(nexthop.error());
      auto& hops = value().nexthops;
      const auto same = [&](const auto& other) {
        return other.gateway == nexthop->gateway && other.interface == nexthop->interface;
      };
      if (std::any_of(hops.begin(), hops.end(), same)) {
        return fault(node.place, "the same nexthop twice", "keep one and raise its weight");
      }
      hops.push_back(std::move(*nexthop));
    }
    return {};
  }

  Checked<void> read_single_nexthop() {
    if (find("via") == nullptr && find("dev") == nullptr) {
      return fault(entry_.place, "a route without a way out", "add 'via: ADDRESS', 'dev: INTERFACE' or 'type: blackhole'");
    }
    auto nexthop = parse_nexthop(entry_);
    if (!nexthop) return tl::unexpected<Fault>(nexthop.error());
    value().nexthops.push_back(std::move(*nexthop));
    return {};
  }

  const Node& entry_;
  RouteItem item_;
};

}  // namespace

Checked<RouteItem> parse_route(const yaml::Node& entry, Level level) { return RouteParser(entry, level).run(); }

}  // namespace ondol::intent
