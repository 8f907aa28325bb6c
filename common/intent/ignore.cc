// routes.ignore: patterns and the presets of common container networks.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "common/intent/schema.h"
#include "common/intent/shape.h"

namespace ondol::intent {
namespace {

using Pattern = std::pair<std::string_view, std::uint8_t>;  // interface glob, protocol

// The interfaces and route protocols that each network's own documentation names.
constexpr Pattern kCalico[] = {{"cali*", 0}, {"tunl0", 0}, {"vxlan.calico", 0}, {"", 80}};
constexpr Pattern kCilium[] = {{"cilium_*", 0}, {"lxc*", 0}};
constexpr Pattern kFlannel[] = {{"flannel*", 0}, {"cni0", 0}};
constexpr Pattern kDocker[] = {{"docker*", 0}, {"br-*", 0}};
constexpr Pattern kKube[] = {{"kube-*", 0}, {"cni*", 0}};

constexpr Word<std::span<const Pattern>> kPresets[] = {
    {kPresetNames[0], kCalico}, {kPresetNames[1], kCilium}, {kPresetNames[2], kFlannel}, {kPresetNames[3], kDocker}, {kPresetNames[4], kKube}};

Checked<std::vector<routes::IgnorePattern>> parse_preset(const yaml::Node& entry) {
  if (entry.entries.size() != 1) {
    return fault(entry.place, "'preset' stands alone in its entry", "write dev and proto in an entry of their own");
  }
  auto preset = parse_word<std::span<const Pattern>>(*entry.find("preset"), kPresets);
  if (!preset) return tl::unexpected<Fault>(preset.error());
  std::vector<routes::IgnorePattern> patterns;
  for (const auto& [interface, protocol] : *preset) patterns.push_back({std::string(interface), protocol});
  return patterns;
}

Checked<std::string> parse_glob(const yaml::Node& node) {
  auto text = at(node, yaml::read_string(node));
  if (!text) return text;
  const bool printable =
      std::all_of(text->begin(), text->end(), [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != '%'; });
  if (text->empty() || text->size() > static_cast<std::size_t>(ignore_shape().at("dev").most) || !printable) {
    return fault(node.place, fmt::format("'{}' cannot match an interface name", text->substr(0, 40)),
                 "write a name, or a pattern such as \"cali*\"");
  }
  return text;
}

Checked<std::uint8_t> parse_protocol(const yaml::Node& node) {
  for (std::int64_t number = ignore_shape().at("proto").least; number <= ignore_shape().at("proto").most; ++number) {
    const auto protocol = static_cast<std::uint8_t>(number);
    const bool named = node.scalar == routes::protocol_name(protocol) || node.scalar == std::to_string(number);
    if (!named) continue;
    if (protocol != routes::kOurProtocol) return protocol;
    return fault(node.place, fmt::format("protocol {} is what Ondol marks its own routes with", number), "remove the entry");
  }
  return fault(node.place, fmt::format("'{}' is not a route protocol", node.scalar.substr(0, 40)),
               "write a number from 1 to 255, or a name such as static or boot");
}

}  // namespace

Checked<std::vector<routes::IgnorePattern>> parse_ignore(const yaml::Node& entry) {
  ONDOL_CHECKED(check_mapping(entry, ignore_shape().names()));
  if (entry.find("preset") != nullptr) return parse_preset(entry);
  routes::IgnorePattern pattern;
  if (const yaml::Node* dev = entry.find("dev")) {
    auto glob = parse_glob(*dev);
    if (!glob) return tl::unexpected<Fault>(glob.error());
    pattern.interface = std::move(*glob);
  }
  if (const yaml::Node* proto = entry.find("proto")) {
    auto protocol = parse_protocol(*proto);
    if (!protocol) return tl::unexpected<Fault>(protocol.error());
    pattern.protocol = *protocol;
  }
  if (pattern == routes::IgnorePattern{}) {
    return fault(entry.place, "a pattern that matches every route", "write dev, proto or preset, or use 'unlisted: ignore'");
  }
  return std::vector{pattern};
}

}  // namespace ondol::intent
