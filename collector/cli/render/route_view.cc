#include "collector/cli/render/route_view.h"

#include "common/base/author.h"
#include "common/wire/routes_wire.h"

namespace ondol::cli {
namespace {

template <typename T>
std::string text_of(const Result<T>& value) {
  return value ? render(*value) : "unreadable: " + value.error().message;
}

template <typename T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json address_json(const std::optional<IpAddress>& address) { return address ? Json(render(*address)) : Json(); }

Json nexthop_json(const routes::Nexthop& nexthop) {
  const std::string interface(nexthop.interface.view());
  return {{"gateway", address_json(nexthop.gateway)},
          {"interface", interface.empty() ? Json() : Json(interface)},
          {"weight", nexthop.weight},
          {"onlink", nexthop.onlink},
          {"encapsulation", nexthop.encapsulation.empty() ? Json() : Json(nexthop.encapsulation)}};
}

}  // namespace

std::string enum_word(const std::string& name, std::string_view prefix) {
  if (name.size() <= prefix.size()) return "unknown";
  std::string word;
  for (const char c : name.substr(prefix.size())) word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word == "unspecified" ? "" : word;
}

std::string key_text(const v1::RouteKey& key) { return text_of(wire::from_wire(key)); }
std::string value_text(const v1::RouteValue& value) { return text_of(wire::from_wire(value)); }
std::string author_text(const v1::Author& author) { return text_of(wire::from_wire(author)); }

Json key_json(const v1::RouteKey& wire_key) {
  const auto key = wire::from_wire(wire_key);
  if (!key) return {};
  const bool is_ipv4 = key->destination.address.family == Family::kIpv4;
  return {{"family", is_ipv4 ? "ipv4" : "ipv6"},
          {"table", key->table},
          {"destination", render(key->destination)},
          {"metric", key->metric},
          {"source", key->source ? Json(render(*key->source)) : Json()}};
}

Json value_json(const v1::RouteValue& wire_value) {
  const auto value = wire::from_wire(wire_value);
  if (!value) return {};
  Json nexthops = Json::array();
  for (const routes::Nexthop& nexthop : value->nexthops) nexthops.push_back(nexthop_json(nexthop));
  return {{"type", to_string(value->type)},
          {"nexthops", std::move(nexthops)},
          {"preferred_source", address_json(value->preferred_source)},
          {"mtu", value->mtu == 0 ? Json() : Json(value->mtu)},
          {"scope", optional_json(value->scope)}};
}

Json author_json(const v1::Author& wire_author) {
  const Author author = wire::from_wire(wire_author).value_or(Author{});
  return {{"pid", optional_json(author.pid)},         {"comm", optional_json(author.comm)},
          {"command", optional_json(author.command)}, {"unit", optional_json(author.unit)},
          {"session", optional_json(author.session)}, {"user", optional_json(author.user)},
          {"ssh_from", optional_json(author.ssh_from)}};
}

}  // namespace ondol::cli
