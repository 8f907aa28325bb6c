#include "common/intent/gateway.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/intent/shape.h"

namespace ondol::intent {
namespace {

using yaml::Node;

Checked<IpAddress> parse_gateway(const Node& node) {
  auto text = at(node, yaml::read_string(node));
  if (!text) return tl::unexpected<Fault>(text.error());
  auto address = at(node, parse_address(*text));
  // The kernel and normalise() read it as "no gateway": nobody who writes it means that.
  if (address && address->is_unspecified()) {
    return fault(node.place, fmt::format("{} cannot be a gateway", *text), "write the address of the next router");
  }
  return address;
}

Checked<bool> parse_onlink(const Node& node, const routes::Nexthop& nexthop) {
  auto onlink = at(node, yaml::read_bool(node));
  if (!onlink || !*onlink) return onlink;
  if (!nexthop.gateway || nexthop.interface.empty()) {
    return fault(node.place, "'onlink' needs both 'via' and 'dev'", "say on which interface the gateway is");
  }
  return onlink;
}

bool is_interface_char(char c) { return c > ' ' && c < 0x7f && c != '/' && c != '%' && c != ':'; }

}  // namespace

Checked<routes::InterfaceName> parse_interface(const Node& node) {
  auto text = at(node, yaml::read_string(node));
  if (!text) return tl::unexpected<Fault>(text.error());
  const auto name = routes::InterfaceName::make(*text);
  if (!name) {
    return fault(node.place, fmt::format("the interface name '{}' is longer than 15 bytes", text->substr(0, 40)),
                 "write the name as `ip link` shows it");
  }
  const bool good = std::all_of(text->begin(), text->end(), is_interface_char) && *text != "." && *text != "..";
  if (text->empty() || !good) {
    return fault(node.place, fmt::format("'{}' cannot be an interface name", *text),
                 "write the name as `ip link` shows it");
  }
  return *name;
}

Checked<routes::Nexthop> parse_nexthop(const Node& node) {
  routes::Nexthop nexthop;
  if (const Node* via = node.find("via")) {
    auto gateway = parse_gateway(*via);
    if (!gateway) return tl::unexpected<Fault>(gateway.error());
    nexthop.gateway = *gateway;
  }
  if (const Node* dev = node.find("dev")) {
    auto interface = parse_interface(*dev);
    if (!interface) return tl::unexpected<Fault>(interface.error());
    nexthop.interface = *interface;
  }
  if (const Node* weight = node.find("weight")) {
    auto number = at(*weight, yaml::read_int(*weight, nexthop_shape().at("weight").least, nexthop_shape().at("weight").most));
    if (!number) return tl::unexpected<Fault>(number.error());
    nexthop.weight = static_cast<std::uint16_t>(*number);
  }
  if (const Node* onlink = node.find("onlink")) {
    auto value = parse_onlink(*onlink, nexthop);
    if (!value) return tl::unexpected<Fault>(value.error());
    nexthop.onlink = *value;
  }
  return nexthop;
}

}  // namespace ondol::intent
