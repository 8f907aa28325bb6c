#include "agent/host/probes/decode_neighbour.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace ondol::probes {
namespace {

template <typename Fixed>
bool read_front(Bytes bytes, Fixed& out) {
  if (bytes.size() < sizeof(Fixed)) return false;
  std::memcpy(&out, bytes.data(), sizeof(Fixed));
  return true;
}

Bytes after(Bytes bytes, std::size_t size) {
  const std::size_t aligned = NLMSG_ALIGN(size);
  return aligned >= bytes.size() ? Bytes{} : bytes.subspan(aligned);
}

// The attributes behind the fixed header of a message of `type`; empty also for another type.
template <typename Fixed>
bool open_message(Bytes message, std::uint16_t type, Fixed& fixed, Bytes& attributes) {
  nlmsghdr header{};
  if (!read_front(message, header) || header.nlmsg_type != type || header.nlmsg_len > message.size()) return false;
  const Bytes body = after(message.first(header.nlmsg_len), sizeof(header));
  attributes = after(body, sizeof(fixed));
  return read_front(body, fixed);
}

struct Attribute {
  std::uint16_t type = 0;
  Bytes data;
};

std::optional<Attribute> next_attribute(Bytes& rest) {
  nlattr header{};
  if (!read_front(rest, header) || header.nla_len < sizeof(header) || header.nla_len > rest.size()) return std::nullopt;
  const Attribute attribute{static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                            rest.subspan(sizeof(header), header.nla_len - sizeof(header))};
  rest = after(rest, header.nla_len);
  return attribute;
}

template <typename Number>
Number number_of(Bytes data) {
  Number number{};
  if (data.size() == sizeof(number)) std::memcpy(&number, data.data(), sizeof(number));
  return number;
}

IpAddress address_of(Bytes data) {
  const auto address = address_from_bytes(data);
  return address ? *address : IpAddress{};
}

void take_hop_attribute(const Attribute& attribute, NextHop& hop) {
  if (attribute.type == RTA_OIF) hop.link = number_of<int>(attribute.data);
  if (attribute.type == RTA_GATEWAY) hop.gateway = address_of(attribute.data);
  if (attribute.type == RTA_VIA && attribute.data.size() > 2) hop.gateway = address_of(attribute.data.subspan(2));
}

void take_multipath(Bytes rest, std::vector<NextHop>& hops) {
  rtnexthop fixed{};
  while (read_front(rest, fixed) && fixed.rtnh_len >= sizeof(fixed) && fixed.rtnh_len <= rest.size()) {
    NextHop hop{fixed.rtnh_ifindex, {}};
    Bytes attributes = after(rest.first(fixed.rtnh_len), sizeof(fixed));
    while (const auto attribute = next_attribute(attributes)) take_hop_attribute(*attribute, hop);
    hops.push_back(hop);
    rest = after(rest, fixed.rtnh_len);
  }
}

}  // namespace

std::optional<Neighbour> decode_neighbour(Bytes message) {
  ndmsg fixed{};
  Bytes attributes;
  if (!open_message(message, RTM_NEWNEIGH, fixed, attributes)) return std::nullopt;
  Neighbour neighbour{fixed.ndm_ifindex, {}, fixed.ndm_state, fixed.ndm_flags};
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type != NDA_DST) continue;
    const auto address = address_from_bytes(attribute->data);
    if (!address) return std::nullopt;
    neighbour.address = *address;
    return neighbour;
  }
  return std::nullopt;
}

bool is_resolved(const Neighbour& neighbour) {
  constexpr unsigned kResolved = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
  return (neighbour.state & kResolved) != 0;
}

bool is_fixed(const Neighbour& neighbour) { return (neighbour.state & (NUD_PERMANENT | NUD_NOARP)) != 0; }

bool is_reachable(const Neighbour& neighbour) { return (neighbour.state & NUD_REACHABLE) != 0; }

std::string state_text(std::uint16_t state) {
  switch (state) {
    case NUD_INCOMPLETE: return "INCOMPLETE";
    case NUD_REACHABLE: return "REACHABLE";
    case NUD_STALE: return "STALE";
    case NUD_DELAY: return "DELAY";
    case NUD_PROBE: return "PROBE";
    case NUD_FAILED: return "FAILED";
    case NUD_NOARP: return "NOARP";
    case NUD_PERMANENT: return "PERMANENT";
    default: return "state " + std::to_string(state);
  }
}

std::optional<RouteHops> decode_hops(Bytes message) {
  rtmsg fixed{};
  Bytes attributes;
  if (!open_message(message, RTM_NEWROUTE, fixed, attributes)) return std::nullopt;
  RouteHops route;
  route.is_local = fixed.rtm_type == RTN_LOCAL;
  route.is_default = fixed.rtm_dst_len == 0 && fixed.rtm_table == RT_TABLE_MAIN && fixed.rtm_type == RTN_UNICAST &&
                     (fixed.rtm_flags & RTM_F_CLONED) == 0;
  NextHop single;
  while (const auto attribute = next_attribute(attributes)) {
    take_hop_attribute(*attribute, single);
    if (attribute->type == RTA_MULTIPATH) take_multipath(attribute->data, route.hops);
    if (attribute->type == RTA_PREFSRC) route.source = address_of(attribute->data);
  }
  if (route.hops.empty() && single.link != 0) route.hops.push_back(single);
  return route;
}

}  // namespace ondol::probes
