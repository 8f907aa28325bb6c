#include "agent/host/routes/decode_rtnetlink.h"

#include <linux/lwtunnel.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "agent/host/routes/unmodelled.h"

namespace ondol::routes {
namespace {

// The kernel aligns to 4, a test or a fuzzer need not: every read is a copy.
template <typename T>
bool read_front(Bytes bytes, T& out) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&out, bytes.data(), sizeof(T));
  return true;
}

// Attribute numbers: exactly the size of T.
template <typename T>
bool read_exact(Bytes bytes, T& out) {
  return bytes.size() == sizeof(T) && read_front(bytes, out);
}

Bytes after(Bytes bytes, std::size_t size) {
  const std::size_t aligned = NLMSG_ALIGN(size);
  return aligned >= bytes.size() ? Bytes{} : bytes.subspan(aligned);
}

bool read_address(Family family, Bytes data, IpAddress& out) {
  if (data.size() != static_cast<std::size_t>(address_bytes(family))) return false;
  out = IpAddress{.family = family};
  std::copy(data.begin(), data.end(), out.bytes.begin());
  return true;
}

std::optional<Family> family_of(std::uint8_t kernel_family) {
  if (kernel_family == AF_INET) return Family::kIpv4;
  if (kernel_family == AF_INET6) return Family::kIpv6;
  return std::nullopt;
}

// RTA_VIA: the gateway of a route of the other family.
bool read_via(Bytes data, IpAddress& out) {
  std::uint16_t kernel_family = 0;
  if (!read_front(data, kernel_family) || kernel_family > 0xff) return false;
  const auto family = family_of(static_cast<std::uint8_t>(kernel_family));
  return family && read_address(*family, data.subspan(sizeof(kernel_family)), out);
}

std::optional<InterfaceName> read_name(Bytes data) {
  const auto* text = reinterpret_cast<const char*>(data.data());
  return InterfaceName::make({text, strnlen(text, data.size())});
}

std::optional<RouteType> type_of(std::uint8_t kernel_type) {
  switch (kernel_type) {
    case RTN_UNICAST:
      return RouteType::kUnicast;
    case RTN_BLACKHOLE:
      return RouteType::kBlackhole;
    case RTN_UNREACHABLE:
      return RouteType::kUnreachable;
    case RTN_PROHIBIT:
      return RouteType::kProhibit;
    default:
      return std::nullopt;
  }
}

// Encapsulation as text: the tunnel type in network order (two bytes), then the bytes of RTA_ENCAP.
struct EncapParts {
  std::uint16_t type = 0;
  Bytes payload;

  std::string text() const {
    std::string out;
    if (type == LWTUNNEL_ENCAP_NONE) return out;
    const std::uint8_t network[2] = {static_cast<std::uint8_t>(type >> 8),
                                     static_cast<std::uint8_t>(type & 0xff)};
    append_hex(out, network);
    append_hex(out, payload);
    return out;
  }
};

// The attributes of one nexthop: of the route itself, or of one entry of RTA_MULTIPATH.
struct NexthopParts {
  Family family = Family::kIpv4;
  int index = 0;
  std::optional<IpAddress> gateway;
  EncapParts encap;

  // False = malformed. Attributes that belong to no nexthop are left alone.
  bool take(const Attribute& attribute) {
    switch (attribute.type) {
      case RTA_OIF:
        return read_exact(attribute.data, index);
      case RTA_GATEWAY:
        return read_address(family, attribute.data, gateway.emplace());
      case RTA_VIA:
        return read_via(attribute.data, gateway.emplace());
      case RTA_ENCAP_TYPE:
        return read_exact(attribute.data, encap.type);
      case RTA_ENCAP:
        encap.payload = attribute.data;
        return true;
      default:
        return true;
    }
  }

  // With an unknown index everything but the interface is filled in.
  Decoded finish(const LinkTable& links, unsigned flags, std::uint16_t weight, Nexthop& out) const {
    out.gateway = gateway;
    out.weight = weight;
    out.onlink = (flags & RTNH_F_ONLINK) != 0;
    if (encap.type != LWTUNNEL_ENCAP_NONE) out.encapsulation = encap.text();
    if (index == 0) return Decoded::kWhole;
    const LinkFacts* link = links.find(index);
    if (link == nullptr) return Decoded::kUnknownIndex;
    out.interface = link->name;
    return Decoded::kWhole;
  }
};

Decoded decode_multipath(Bytes rest, Family family, const LinkTable& links, Nexthops& out,
                         Unmodelled& unmodelled) {
  Decoded outcome = Decoded::kWhole;
  while (!rest.empty()) {
    rtnexthop fixed{};
    if (!read_front(rest, fixed) || fixed.rtnh_len < sizeof(fixed) || fixed.rtnh_len > rest.size()) {
      return Decoded::kMalformed;
    }
    NexthopParts parts{.family = family, .index = fixed.rtnh_ifindex, .gateway = {}, .encap = {}};
    Bytes attributes = rest.subspan(sizeof(fixed), fixed.rtnh_len - sizeof(fixed));
    while (const auto attribute = next_attribute(attributes)) {
      if (!parts.take(*attribute)) return Decoded::kMalformed;
      unmodelled.take(*attribute);
    }
    if (!attributes.empty()) return Decoded::kMalformed;
    const auto weight = static_cast<std::uint16_t>(fixed.rtnh_hops + 1);
    if (parts.finish(links, fixed.rtnh_flags, weight, out.emplace_back()) != Decoded::kWhole) {
      outcome = Decoded::kUnknownIndex;
    }
    rest = after(rest, fixed.rtnh_len);
  }
  return outcome;
}

bool read_metrics(Bytes metrics, std::uint32_t& mtu, Unmodelled& unmodelled) {
  while (const auto attribute = next_attribute(metrics)) {
    if (attribute->type != RTAX_MTU) unmodelled.take_metric(*attribute);
    if (attribute->type == RTAX_MTU && !read_exact(attribute->data, mtu)) return false;
  }
  return metrics.empty();
}

// What the walk over a route's attributes leaves for afterwards.
struct RouteParts {
  NexthopParts single;
  Bytes multipath;
  std::uint32_t nexthop_id = 0;
  Unmodelled unmodelled;
};

bool take_attribute(const Attribute& attribute, Family family, ObservedRoute& out, RouteParts& parts) {
  RouteKey& key = out.route.key;
  RouteValue& value = out.route.value;
  switch (attribute.type) {
    case RTA_DST:
      return read_address(family, attribute.data, key.destination.address);
    case RTA_SRC:
      return key.source && read_address(family, attribute.data, key.source->address);
    case RTA_TABLE:
      return read_exact(attribute.data, key.table);
    case RTA_PRIORITY:
      return read_exact(attribute.data, key.metric);
    case RTA_PREFSRC:
      return read_address(family, attribute.data, value.preferred_source.emplace());
    case RTA_METRICS:
      return read_metrics(attribute.data, value.mtu, parts.unmodelled);
    case RTA_MULTIPATH:
      parts.multipath = attribute.data;
      return true;
    case RTA_NH_ID:
      parts.unmodelled.take(attribute);
      return read_exact(attribute.data, parts.nexthop_id);
    default:
      parts.unmodelled.take(attribute);
      return parts.single.take(attribute);
  }
}

Decoded finish_nexthops(RouteParts& parts, unsigned flags, const LinkTable& links,
                        const NexthopTable& nexthops, Nexthops& out) {
  if (!parts.multipath.empty()) {
    return decode_multipath(parts.multipath, parts.single.family, links, out, parts.unmodelled);
  }
  if (parts.single.index != 0 || parts.single.gateway) {
    return parts.single.finish(links, flags, 1, out.emplace_back());
  }
  if (parts.nexthop_id == 0) return Decoded::kWhole;
  return nexthops.expand(parts.nexthop_id, out) ? Decoded::kWhole : Decoded::kUnknownIndex;
}

// The kernel may send fewer address bytes than the prefix claims only by omitting the attribute: then it is
// all zero.
bool fill_prefixes(const rtmsg& fixed, Family family, RouteKey& key) {
  if (fixed.rtm_dst_len > address_bits(family) || fixed.rtm_src_len > address_bits(family)) return false;
  key.destination = IpPrefix{IpAddress{.family = family}, fixed.rtm_dst_len};
  key.source.reset();
  if (fixed.rtm_src_len > 0) key.source = IpPrefix{IpAddress{.family = family}, fixed.rtm_src_len};
  return true;
}

std::optional<std::uint32_t> table_of(const rtmsg& fixed, Bytes attributes) {
  if (fixed.rtm_table != RT_TABLE_COMPAT)
    return fixed.rtm_table == RT_TABLE_UNSPEC ? kMainTable : fixed.rtm_table;
  while (const auto attribute = next_attribute(attributes)) {
    std::uint32_t table = 0;
    if (attribute->type == RTA_TABLE)
      return read_exact(attribute->data, table) ? std::optional(table) : std::nullopt;
  }
  return RT_TABLE_COMPAT;
}

}  // namespace

std::optional<Message> next_message(Bytes& rest) {
  nlmsghdr header{};
  if (!read_front(rest, header) || header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest.size()) {
    return std::nullopt;
  }
  Message message{header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq, header.nlmsg_pid,
                  rest.subspan(sizeof(header), header.nlmsg_len - sizeof(header))};
  rest = after(rest, header.nlmsg_len);
  return message;
}

std::optional<Attribute> next_attribute(Bytes& rest) {
  nlattr header{};
  if (!read_front(rest, header) || header.nla_len < sizeof(header) || header.nla_len > rest.size()) {
    return std::nullopt;
  }
  Attribute attribute{static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                      rest.subspan(sizeof(header), header.nla_len - sizeof(header))};
  rest = after(rest, header.nla_len);
  return attribute;
}

ComparedTables::ComparedTables(std::vector<std::uint32_t> named) : sorted_(std::move(named)) {
  sorted_.push_back(kMainTable);
  std::sort(sorted_.begin(), sorted_.end());
  sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
}

bool ComparedTables::contains(std::uint32_t table) const {
  return std::binary_search(sorted_.begin(), sorted_.end(), table);
}

Looked look_at_route(const Message& message, const ComparedTables& tables) {
  rtmsg fixed{};
  if (!read_front(message.body, fixed)) return {RouteLook::kMalformed, 0};
  const auto looked = [&fixed](RouteLook look) { return Looked{look, fixed.rtm_protocol}; };
  if (!family_of(fixed.rtm_family) || (fixed.rtm_flags & RTM_F_CLONED) != 0)
    return looked(RouteLook::kNotLooked);
  switch (fixed.rtm_type) {
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_ANYCAST:
    case RTN_MULTICAST:
      return looked(RouteLook::kNotLooked);
    default:
      break;
  }
  if (!is_compared(fixed.rtm_protocol) || !type_of(fixed.rtm_type)) return looked(RouteLook::kCounted);
  // A TOS is part of the kernel's key and not of ours.
  if (fixed.rtm_family == AF_INET && fixed.rtm_tos != 0) return looked(RouteLook::kCounted);
  const auto table = table_of(fixed, after(message.body, sizeof(fixed)));
  if (!table) return looked(RouteLook::kMalformed);
  return looked(tables.contains(*table) ? RouteLook::kCompared : RouteLook::kCounted);
}

Decoded decode_route(const Message& message, const LinkTable& links, const NexthopTable& nexthops,
                     ObservedRoute& out) {
  rtmsg fixed{};
  if (!read_front(message.body, fixed)) return Decoded::kMalformed;
  const auto family = family_of(fixed.rtm_family);
  const auto type = type_of(fixed.rtm_type);
  if (!family || !type || !fill_prefixes(fixed, *family, out.route.key)) return Decoded::kMalformed;
  out.protocol = fixed.rtm_protocol;
  out.ownership = Ownership::kForeign;
  out.route.key.table = fixed.rtm_table == RT_TABLE_UNSPEC ? kMainTable : fixed.rtm_table;
  out.route.value.type = *type;
  if (*family == Family::kIpv4) out.route.value.scope = fixed.rtm_scope;  // IPv6 has none
  RouteParts parts;
  parts.single.family = *family;
  Bytes attributes = after(message.body, sizeof(fixed));
  while (const auto attribute = next_attribute(attributes)) {
    if (!take_attribute(*attribute, *family, out, parts)) return Decoded::kMalformed;
  }
  if (!attributes.empty()) return Decoded::kMalformed;
  // IPv6 shows "dev lo" on a route that goes nowhere.
  Decoded outcome = Decoded::kWhole;
  if (*type == RouteType::kUnicast) {
    outcome = finish_nexthops(parts, fixed.rtm_flags, links, nexthops, out.route.value.nexthops);
  }
  out.route.value.unmodelled = parts.unmodelled.text();
  out.route.key.destination = masked(out.route.key.destination);
  normalise(out.route);
  return outcome;
}

std::optional<RouteKey> decode_route_key(const Message& message) {
  rtmsg fixed{};
  if (message.type != RTM_NEWROUTE || !read_front(message.body, fixed)) return std::nullopt;
  const auto family = family_of(fixed.rtm_family);
  if (!family || (fixed.rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  if (*family == Family::kIpv4 && fixed.rtm_tos != 0) return std::nullopt;
  ObservedRoute seen;
  if (!fill_prefixes(fixed, *family, seen.route.key)) return std::nullopt;
  seen.route.key.table = fixed.rtm_table == RT_TABLE_UNSPEC ? kMainTable : fixed.rtm_table;
  RouteParts parts;
  parts.single.family = *family;
  Bytes attributes = after(message.body, sizeof(fixed));
  while (const auto attribute = next_attribute(attributes)) {
    if (!take_attribute(*attribute, *family, seen, parts)) return std::nullopt;
  }
  seen.route.key.destination = masked(seen.route.key.destination);
  normalise(seen.route);
  return seen.route.key;
}

std::optional<LinkFacts> decode_link(const Message& message) {
  ifinfomsg fixed{};
  // AF_BRIDGE messages are about ports: their RTM_DELLINK does not mean that the device went.
  if (!read_front(message.body, fixed) || fixed.ifi_family != AF_UNSPEC || fixed.ifi_index <= 0)
    return std::nullopt;
  LinkFacts link{fixed.ifi_index, {}, (fixed.ifi_flags & IFF_UP) != 0, (fixed.ifi_flags & IFF_RUNNING) != 0};
  Bytes attributes = after(message.body, sizeof(fixed));
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type != IFLA_IFNAME) continue;
    const auto name = read_name(attribute->data);
    if (!name) return std::nullopt;
    link.name = *name;
    break;
  }
  if (link.name.empty()) return std::nullopt;
  return link;
}

std::optional<InterfaceAddress> decode_address(const Message& message) {
  ifaddrmsg fixed{};
  if (!read_front(message.body, fixed)) return std::nullopt;
  const auto family = family_of(fixed.ifa_family);
  if (!family || fixed.ifa_prefixlen > address_bits(*family)) return std::nullopt;
  std::optional<IpAddress> local, address;  // on a point-to-point link IFA_ADDRESS is the peer
  Bytes attributes = after(message.body, sizeof(fixed));
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == IFA_LOCAL && !read_address(*family, attribute->data, local.emplace()))
      return std::nullopt;
    if (attribute->type == IFA_ADDRESS && !read_address(*family, attribute->data, address.emplace())) {
      return std::nullopt;
    }
  }
  const auto& own = local ? local : address;
  if (!own) return std::nullopt;
  return InterfaceAddress{static_cast<int>(fixed.ifa_index), IpPrefix{*own, fixed.ifa_prefixlen}};
}

std::optional<NexthopObject> decode_nexthop(const Message& message, const LinkTable& links) {
  nhmsg fixed{};
  if (!read_front(message.body, fixed)) return std::nullopt;
  NexthopObject object;
  NexthopParts parts;
  parts.family = family_of(fixed.nh_family).value_or(Family::kIpv4);
  Bytes attributes = after(message.body, sizeof(fixed));
  while (const auto attribute = next_attribute(attributes)) {
    Bytes data = attribute->data;
    bool whole = true;
    switch (attribute->type) {
      case NHA_ID:
        whole = read_exact(data, object.id);
        break;
      case NHA_OIF:
        whole = read_exact(data, parts.index);
        break;
      case NHA_GATEWAY:
        whole = read_address(parts.family, data, parts.gateway.emplace());
        break;
      case NHA_ENCAP_TYPE:
        whole = read_exact(data, parts.encap.type);
        break;
      case NHA_ENCAP:
        parts.encap.payload = data;
        break;
      case NHA_GROUP:
        for (nexthop_grp entry{}; read_front(data, entry); data = data.subspan(sizeof(entry))) {
          object.group.emplace_back(entry.id, static_cast<std::uint16_t>(entry.weight + 1));
        }
        whole = data.empty();
        break;
      default:
        break;
    }
    if (!whole) return std::nullopt;
  }
  if (parts.index != 0 || parts.gateway) {
    if (parts.finish(links, fixed.nh_flags, 1, object.nexthops.emplace_back()) != Decoded::kWhole)
      return std::nullopt;
  }
  return object;
}

std::optional<Answer> decode_answer(const Message& message) {
  nlmsgerr fixed{};
  if (message.type != NLMSG_ERROR || !read_front(message.body, fixed)) return std::nullopt;
  Answer answer;
  // Minus the smallest int does not exist; the kernel's range ends at 4095.
  answer.error_number = fixed.error < 0 && fixed.error >= -4095 ? -fixed.error : 0;
  if (fixed.error != 0 && answer.error_number == 0) return std::nullopt;
  if ((message.flags & NLM_F_ACK_TLVS) == 0) return answer;
  const bool capped = (message.flags & NLM_F_CAPPED) != 0 || fixed.error == 0;
  const std::size_t echoed =
      capped || fixed.msg.nlmsg_len < sizeof(nlmsghdr) ? 0 : fixed.msg.nlmsg_len - sizeof(nlmsghdr);
  if (echoed > message.body.size()) return std::nullopt;
  Bytes attributes = after(message.body, sizeof(fixed) + NLMSG_ALIGN(echoed));
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type != NLMSGERR_ATTR_MSG) continue;
    const auto* text = reinterpret_cast<const char*>(attribute->data.data());
    answer.text.assign(text, strnlen(text, std::min<std::size_t>(attribute->data.size(), 256)));
  }
  return answer;
}

std::optional<int> decode_done(const Message& message) {
  if (message.type != NLMSG_DONE) return std::nullopt;
  int result = 0;
  if (!read_front(message.body, result)) return 0;
  return result < 0 && result >= -4095 ? -result : 0;
}

}  // namespace ondol::routes
