#include "common/intent/trial_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "common/intent/shape.h"

namespace ondol::intent {
namespace {

using trial::ProbeKind;
using yaml::Kind;
using yaml::Node;

constexpr std::uint8_t kFirstMulticastIpv4 = 224;

std::string seconds(Milliseconds time) { return fmt::format("{}s", time.count() / 1'000); }

Checked<Setting<Milliseconds>> parse_deadline(const Node& node) {
  if (node.kind == Kind::kNull) return Setting<Milliseconds>{node.place, std::nullopt};
  const auto deadline = at(node, yaml::read_duration(node));
  if (!deadline) return tl::unexpected<Fault>(deadline.error());
  const KeyShape& shape = layer_shape().at("trial").at("deadline");
  if (deadline->count() < shape.least || deadline->count() > shape.most) {
    return fault(node.place, fmt::format("a trial of {} cannot be", node.scalar),
                 fmt::format("write a time from {} to {}", seconds(Milliseconds{shape.least}), seconds(Milliseconds{shape.most})));
  }
  return Setting<Milliseconds>{node.place, *deadline};
}

Checked<Setting<bool>> parse_enabled(const Node& node) {
  if (node.kind == Kind::kNull) return Setting<bool>{node.place, std::nullopt};
  const auto enabled = at(node, yaml::read_bool(node));
  if (!enabled) return tl::unexpected<Fault>(enabled.error());
  return Setting<bool>{node.place, *enabled};
}

bool is_multicast(const IpAddress& address) {
  return address.family == Family::kIpv4 ? address.bytes[0] >= kFirstMulticastIpv4 : address.bytes[0] == 0xff;
}

bool is_link_local_ipv6(const IpAddress& address) {
  return address.family == Family::kIpv6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

Checked<IpAddress> parse_probe_address(const Node& node, const std::string& text) {
  const auto address = parse_address(text);
  if (!address) {
    return fault(node.place, fmt::format("'{}' is not an address", text.substr(0, 80)),
                 "write the address: names may resolve differently just when DNS is what broke");
  }
  if (address->is_unspecified() || is_multicast(*address)) {
    return fault(node.place, fmt::format("nothing can be reached at {}", text), "write the address of one machine");
  }
  if (is_link_local_ipv6(*address)) {
    return fault(node.place, fmt::format("{} is an address of one link only, and a probe names no interface", text),
                 "write a global or unique local address");
  }
  return *address;
}

// "10.0.0.5:22" or "[2001:db8::1]:443".
Checked<void> read_tcp(const Node& node, trial::ProbeTarget& target) {
  const auto text = at(node, yaml::read_string(node));
  if (!text) return tl::unexpected<Fault>(text.error());
  const std::size_t colon = text->rfind(':');
  const bool bracketed = text->starts_with('[') && colon != std::string::npos && colon >= 2 && (*text)[colon - 1] == ']';
  if (!bracketed && colon != std::string::npos && text->find(':') != colon) {
    return fault(node.place, fmt::format("in '{}' it cannot be told where the address ends", text->substr(0, 80)),
                 "write an IPv6 address in brackets: \"[2001:db8::1]:443\"");
  }
  if (colon == std::string::npos) {
    return fault(node.place, fmt::format("'{}' has no port", text->substr(0, 80)), "write ADDRESS:PORT");
  }
  const auto address = parse_probe_address(node, bracketed ? text->substr(1, colon - 2) : text->substr(0, colon));
  if (!address) return tl::unexpected<Fault>(address.error());
  const char* const first = text->data() + colon + 1;
  const char* const last = text->data() + text->size();
  const auto [end, error] = std::from_chars(first, last, target.port);
  if (error != std::errc{} || end != last || target.port == 0) {
    return fault(node.place, fmt::format("'{}' is not a port", std::string(first, last).substr(0, 20)),
                 "write a number from 1 to 65535");
  }
  target.address = *address;
  return {};
}

Checked<void> read_dns(const Node& node, trial::ProbeTarget& target) {
  const auto text = at(node, yaml::read_string(node));
  if (!text) return tl::unexpected<Fault>(text.error());
  const auto address = parse_probe_address(node, *text);
  if (!address) return tl::unexpected<Fault>(address.error());
  target.address = *address;
  return {};
}

Checked<void> read_inbound(const Node& node, trial::ProbeTarget& target) {
  const auto port = at(node, yaml::read_int(node, probe_shape().at("inbound").least, probe_shape().at("inbound").most));
  if (!port) return tl::unexpected<Fault>(port.error());
  target.port = static_cast<std::uint16_t>(*port);
  return {};
}

Checked<void> read_name(const Node& node, trial::ProbeTarget& target) {
  const auto name = at(node, yaml::read_string(node));
  if (!name) return tl::unexpected<Fault>(name.error());
  const bool printable = std::none_of(name->begin(), name->end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
  const auto most = static_cast<std::size_t>(probe_shape().at("name").most);
  if (name->empty() || name->size() > most || !printable) {
    return fault(node.place, "the name of a probe is not a short text", fmt::format("write 1 to {} bytes", most));
  }
  target.name = *name;
  return {};
}

Checked<void> read_target(const Node& entry, trial::ProbeTarget& target) {
  const Node* tcp = entry.find("tcp");
  const Node* dns = entry.find("dns");
  const Node* inbound = entry.find("inbound");
  if ((tcp != nullptr) + (dns != nullptr) + (inbound != nullptr) != 1) {
    return fault(entry.place, "a probe is exactly one of 'tcp', 'dns' and 'inbound'",
                 "write - { tcp: \"ADDRESS:PORT\" }, - { dns: ADDRESS } or - { inbound: PORT }");
  }
  target.kind = tcp != nullptr ? ProbeKind::kTcp : dns != nullptr ? ProbeKind::kDns : ProbeKind::kInbound;
  if (tcp != nullptr) return read_tcp(*tcp, target);
  return dns != nullptr ? read_dns(*dns, target) : read_inbound(*inbound, target);
}

}  // namespace

Checked<TrialPart> parse_trial(const Node& node) {
  TrialPart part;
  if (node.kind == Kind::kNull) {
    part.deadline = Setting<Milliseconds>{node.place, std::nullopt};
    part.enabled = Setting<bool>{node.place, std::nullopt};
    return part;
  }
  ONDOL_CHECKED(check_mapping(node, layer_shape().at("trial").names()));
  if (const Node* deadline = node.find("deadline")) {
    auto setting = parse_deadline(*deadline);
    if (!setting) return tl::unexpected<Fault>(setting.error());
    part.deadline = *setting;
  }
  if (const Node* enabled = node.find("enabled")) {
    auto setting = parse_enabled(*enabled);
    if (!setting) return tl::unexpected<Fault>(setting.error());
    part.enabled = *setting;
  }
  return part;
}

Checked<ProbeItem> parse_probe(const Node& entry) {
  ProbeItem item;
  item.place = entry.place;
  ONDOL_CHECKED(check_mapping(entry, probe_shape().names()));
  ONDOL_CHECKED(read_target(entry, item.target));
  if (const Node* name = entry.find("name")) ONDOL_CHECKED(read_name(*name, item.target));
  return item;
}

bool is_same_probe(const trial::ProbeTarget& a, const trial::ProbeTarget& b) {
  return std::tie(a.kind, a.address, a.port) == std::tie(b.kind, b.address, b.port);
}

std::string probe_text(const trial::ProbeTarget& target) {
  trial::ProbeTarget nameless = target;
  nameless.name.clear();
  return trial::render(nameless);
}

}  // namespace ondol::intent
