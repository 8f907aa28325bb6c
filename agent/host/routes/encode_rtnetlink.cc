#include "agent/host/routes/encode_rtnetlink.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ondol::routes {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::uint32_t kCompatTable = RT_TABLE_COMPAT;  // in the eight bits of rtm_table: see RTA_TABLE

void put_bytes(Buffer& buffer, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  buffer.insert(buffer.end(), bytes, bytes + size);
  buffer.resize(NLMSG_ALIGN(buffer.size()));  // every message starts aligned, so this aligns within it too
}

void put_attribute(Buffer& buffer, std::uint16_t type, const void* data, std::size_t size) {
  const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + size), type};
  put_bytes(buffer, &header, sizeof(header));
  put_bytes(buffer, data, size);
}

template <typename Number>
void put_number(Buffer& buffer, std::uint16_t type, Number number) {
  put_attribute(buffer, type, &number, sizeof(number));
}

void put_address(Buffer& buffer, std::uint16_t type, const IpAddress& address) {
  put_attribute(buffer, type, address.bytes.data(), static_cast<std::size_t>(address_bytes(address.family)));
}

// Writes `length` over the two bytes at `at`: attributes and nexthops are measured when they are complete.
void set_length(Buffer& buffer, std::size_t at) {
  const auto length = static_cast<std::uint16_t>(buffer.size() - at);
  std::memcpy(buffer.data() + at, &length, sizeof(length));
}

std::uint8_t kernel_type(RouteType type) {
  switch (type) {
    case RouteType::kUnicast:
      return RTN_UNICAST;
    case RouteType::kBlackhole:
      return RTN_BLACKHOLE;
    case RouteType::kUnreachable:
      return RTN_UNREACHABLE;
    case RouteType::kProhibit:
      return RTN_PROHIBIT;
  }
  return RTN_UNSPEC;
}

// What the kernel derives when intent leaves it open: without a gateway the destination is on the link.
std::uint8_t kernel_scope(const Route& route) {
  if (route.key.destination.address.family == Family::kIpv6) return RT_SCOPE_UNIVERSE;
  if (route.value.scope) return *route.value.scope;
  if (route.value.type != RouteType::kUnicast) return RT_SCOPE_UNIVERSE;
  for (const Nexthop& nexthop : route.value.nexthops) {
    if (nexthop.gateway) return RT_SCOPE_UNIVERSE;
  }
  return RT_SCOPE_LINK;
}

std::uint8_t kernel_family(Family family) { return family == Family::kIpv4 ? AF_INET : AF_INET6; }

rtmsg fixed_header(const RouteOp& operation) {
  const Route& route = operation.route;
  rtmsg fixed{};
  fixed.rtm_family = kernel_family(route.key.destination.address.family);
  fixed.rtm_dst_len = route.key.destination.length;
  fixed.rtm_src_len = route.key.source ? route.key.source->length : 0;
  fixed.rtm_table = static_cast<std::uint8_t>(route.key.table < 256 ? route.key.table : kCompatTable);
  fixed.rtm_protocol = operation.protocol;
  fixed.rtm_type = kernel_type(route.value.type);
  // A delete matches every scope: the rest of the key already says which route is meant.
  fixed.rtm_scope = kernel_scope(route);
  if (operation.kind == OpKind::kRemove) fixed.rtm_scope = RT_SCOPE_NOWHERE;
  if (route.value.nexthops.size() == 1 && route.value.nexthops.front().onlink)
    fixed.rtm_flags = RTNH_F_ONLINK;
  return fixed;
}

std::optional<std::uint8_t> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  return std::nullopt;
}

std::optional<Buffer> parse_hex(const std::string& text) {
  if (text.size() % 2 != 0 || text.size() > 8192) return std::nullopt;
  Buffer bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
  }
  return bytes;
}

using Refusal = RouteBatch::Refusal;

// The tunnel type in network order, then the bytes of RTA_ENCAP: as decode_route() wrote it.
std::optional<Refusal> put_encapsulation(Buffer& buffer, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto bytes = parse_hex(text);
  if (!bytes || bytes->size() < 2) return Refusal{EINVAL, "encapsulation is not hexadecimal", false};
  put_attribute(buffer, RTA_ENCAP | NLA_F_NESTED, bytes->data() + 2, bytes->size() - 2);
  put_number(buffer, RTA_ENCAP_TYPE, static_cast<std::uint16_t>((*bytes)[0] << 8 | (*bytes)[1]));
  return std::nullopt;
}

// Gateway and encapsulation, which a lone nexthop and one of many write alike.
std::optional<Refusal> put_gateway(Buffer& buffer, Family family, const Nexthop& nexthop) {
  if (nexthop.gateway && nexthop.gateway->family == family)
    put_address(buffer, RTA_GATEWAY, *nexthop.gateway);
  if (nexthop.gateway && nexthop.gateway->family != family) {
    std::array<std::uint8_t, 18> via{};
    const std::uint16_t via_family = kernel_family(nexthop.gateway->family);
    std::memcpy(via.data(), &via_family, sizeof(via_family));
    std::copy(nexthop.gateway->bytes.begin(), nexthop.gateway->bytes.end(), via.begin() + 2);
    put_attribute(buffer, RTA_VIA, via.data(), 2 + nexthop.gateway->octets().size());
  }
  return put_encapsulation(buffer, nexthop.encapsulation);
}

std::optional<Refusal> find_index(const InterfaceName& name, const LinkTable& links, int& index) {
  index = 0;
  if (name.empty()) return std::nullopt;
  const auto found = links.index_of(name);
  if (!found) return Refusal{ENODEV, fmt::format("{} does not exist", name.view()), true};
  index = *found;
  return std::nullopt;
}

std::optional<Refusal> put_lone_nexthop(Buffer& buffer, Family family, const Nexthop& nexthop,
                                        const LinkTable& links) {
  int index = 0;
  if (auto refusal = find_index(nexthop.interface, links, index)) return refusal;
  if (index != 0) put_number(buffer, RTA_OIF, index);
  return put_gateway(buffer, family, nexthop);
}

std::optional<Refusal> put_multipath(Buffer& buffer, Family family, const Nexthops& nexthops,
                                     const LinkTable& links) {
  const std::size_t attribute_at = buffer.size();
  const nlattr header{0, RTA_MULTIPATH};
  put_bytes(buffer, &header, sizeof(header));
  for (const Nexthop& nexthop : nexthops) {
    const std::size_t at = buffer.size();
    rtnexthop fixed{};
    if (auto refusal = find_index(nexthop.interface, links, fixed.rtnh_ifindex)) return refusal;
    fixed.rtnh_hops = static_cast<unsigned char>(nexthop.weight == 0 ? 0 : nexthop.weight - 1);
    if (nexthop.onlink) fixed.rtnh_flags = RTNH_F_ONLINK;
    put_bytes(buffer, &fixed, sizeof(fixed));
    if (auto refusal = put_gateway(buffer, family, nexthop)) return refusal;
    set_length(buffer, at);
    if (buffer.size() - attribute_at > 60'000)
      return Refusal{E2BIG, "too many nexthops for one message", false};
  }
  set_length(buffer, attribute_at);
  return std::nullopt;
}

void put_key(Buffer& buffer, const RouteKey& key) {
  if (key.destination.length > 0) put_address(buffer, RTA_DST, key.destination.address);
  if (key.source && key.source->length > 0) put_address(buffer, RTA_SRC, key.source->address);
  if (key.table >= 256) put_number(buffer, RTA_TABLE, key.table);
  if (key.metric != 0) put_number(buffer, RTA_PRIORITY, key.metric);
}

void put_mtu(Buffer& buffer, std::uint32_t mtu) {
  const std::size_t at = buffer.size();
  const nlattr header{0, RTA_METRICS};
  put_bytes(buffer, &header, sizeof(header));
  put_number(buffer, RTAX_MTU, mtu);
  set_length(buffer, at);
}

std::optional<Refusal> put_value(Buffer& buffer, const RouteOp& operation, const LinkTable& links) {
  const Family family = operation.route.key.destination.address.family;
  const RouteValue& value = operation.route.value;
  if (value.type == RouteType::kUnicast && value.nexthops.size() == 1) {
    if (auto refusal = put_lone_nexthop(buffer, family, value.nexthops.front(), links)) return refusal;
  }
  // The kernel compares several nexthops in its own order, which is not kept: a delete leaves them out.
  if (value.type == RouteType::kUnicast && value.nexthops.size() > 1 && operation.kind != OpKind::kRemove) {
    if (auto refusal = put_multipath(buffer, family, value.nexthops, links)) return refusal;
  }
  if (value.preferred_source) put_address(buffer, RTA_PREFSRC, *value.preferred_source);
  if (value.mtu != 0) put_mtu(buffer, value.mtu);
  return std::nullopt;
}

std::uint16_t kernel_flags(OpKind kind) {
  switch (kind) {
    case OpKind::kAdd:
      return NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
    case OpKind::kReplace:
      return NLM_F_REQUEST | NLM_F_REPLACE;
    case OpKind::kRemove:
      return NLM_F_REQUEST;
    case OpKind::kAppend:
      return NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND;
  }
  return NLM_F_REQUEST;
}

}  // namespace

std::optional<RouteBatch::Refusal> RouteBatch::add(const RouteOp& operation, const LinkTable& links) {
  const std::size_t at = bytes_.size();
  nlmsghdr header{};
  header.nlmsg_type = operation.kind == OpKind::kRemove ? RTM_DELROUTE : RTM_NEWROUTE;
  header.nlmsg_flags = kernel_flags(operation.kind);
  header.nlmsg_seq = first_sequence_ + static_cast<std::uint32_t>(count_);
  const rtmsg fixed = fixed_header(operation);
  put_bytes(bytes_, &header, sizeof(header));
  put_bytes(bytes_, &fixed, sizeof(fixed));
  put_key(bytes_, operation.route.key);
  if (auto refusal = put_value(bytes_, operation, links)) {
    bytes_.resize(at);
    return refusal;
  }
  header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size() - at);
  std::memcpy(bytes_.data() + at, &header, sizeof(header));
  last_at_ = at;
  ++count_;
  return std::nullopt;
}

void RouteBatch::ask_for_acknowledgement() {
  if (count_ == 0) return;
  nlmsghdr header{};
  std::memcpy(&header, bytes_.data() + last_at_, sizeof(header));
  header.nlmsg_flags |= NLM_F_ACK;
  std::memcpy(bytes_.data() + last_at_, &header, sizeof(header));
}

}  // namespace ondol::routes
