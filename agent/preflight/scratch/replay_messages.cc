#include "agent/preflight/scratch/replay_messages.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace ondol::preflight {
namespace {

using routes::Attribute;
using routes::Bytes;
using routes::Message;

template <typename Fixed>
bool read_fixed(const Message& message, std::uint16_t type, Fixed& fixed, Bytes& attributes) {
  if (message.type != type || message.body.size() < sizeof(Fixed)) return false;
  std::memcpy(&fixed, message.body.data(), sizeof(Fixed));
  attributes = message.body.subspan(std::min<std::size_t>(message.body.size(), NLMSG_ALIGN(sizeof(Fixed))));
  return true;
}

bool is_ip(std::uint8_t family) { return family == AF_INET || family == AF_INET6; }

template <typename Number>
Number number_of(Bytes data) {
  Number number{};
  if (data.size() == sizeof(number)) std::memcpy(&number, data.data(), sizeof(number));
  return number;
}

template <std::size_t N>
bool is_among(std::uint16_t type, const std::array<std::uint16_t, N>& known) {
  return std::ranges::find(known, type) != known.end();
}

bool has_attribute(Bytes attributes, std::uint16_t type) {
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (attribute->type == type) return true;
  }
  return false;
}

// The kernel refuses its own state flags when they are written back.
std::vector<std::uint8_t> without_state(Bytes multipath) {
  std::vector<std::uint8_t> copy(multipath.begin(), multipath.end());
  for (std::size_t at = 0; at + sizeof(rtnexthop) <= copy.size();) {
    rtnexthop hop{};
    std::memcpy(&hop, copy.data() + at, sizeof(hop));
    if (hop.rtnh_len < sizeof(hop)) break;
    hop.rtnh_flags &= RTNH_F_ONLINK;
    std::memcpy(copy.data() + at, &hop, sizeof(hop));
    at += NLMSG_ALIGN(hop.rtnh_len);
  }
  return copy;
}

// Without for how long it is out of balance, which is told and not taken.
void put_resilience(Request& request, Bytes settings) {
  const std::size_t nested = request.open(NHA_RES_GROUP);
  while (const auto attribute = routes::next_attribute(settings)) {
    if (is_among<3>(attribute->type,
                    {NHA_RES_GROUP_BUCKETS, NHA_RES_GROUP_IDLE_TIMER, NHA_RES_GROUP_UNBALANCED_TIMER})) {
      request.put(attribute->type, attribute->data);
    }
  }
  request.close(nested);
}

constexpr std::array<std::uint16_t, 9> kRouteAttributes{RTA_DST,  RTA_SRC,   RTA_PRIORITY, RTA_PREFSRC,      RTA_METRICS,
                                                        RTA_FLOW, RTA_TABLE, RTA_PREF,     RTA_TTL_PROPAGATE};
constexpr std::array<std::uint16_t, 4> kNexthopAttributes{RTA_OIF, RTA_GATEWAY, RTA_VIA, RTA_ENCAP_TYPE};
constexpr std::array<std::uint16_t, 17> kRuleAttributes{
    FRA_DST,    FRA_SRC,   FRA_IIFNAME,           FRA_OIFNAME,
    FRA_GOTO,   FRA_FWMARK, FRA_FLOW,             FRA_TUN_ID,
    FRA_TABLE,  FRA_FWMASK, FRA_SUPPRESS_IFGROUP, FRA_SUPPRESS_PREFIXLEN,
    FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO,      FRA_SPORT_RANGE,
    FRA_DPORT_RANGE};

// Replayed in another way, or told by the kernel and not decided by.
constexpr std::array<std::uint16_t, 6> kOtherOfRoutes{RTA_MULTIPATH, RTA_NH_ID,   RTA_ENCAP,
                                                      RTA_CACHEINFO, RTA_EXPIRES, RTA_PAD};
constexpr std::array<std::uint16_t, 3> kOtherOfRules{FRA_PRIORITY, FRA_PROTOCOL, FRA_PAD};

// Addresses make these, in the scratch namespace as on the host. Of IPv6 the kernel makes them a little after the
// address: its local ones are replayed, so that the first lookup finds them.
bool is_made_by_an_address(const rtmsg& fixed, Bytes attributes) {
  if (fixed.rtm_protocol != RTPROT_KERNEL) return false;
  std::uint32_t table = fixed.rtm_table;
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (attribute->type == RTA_TABLE) table = number_of<std::uint32_t>(attribute->data);
  }
  if (fixed.rtm_family == AF_INET6) return fixed.rtm_type == RTN_MULTICAST || fixed.rtm_type == RTN_ANYCAST;
  return table == RT_TABLE_LOCAL;
}

Bytes attributes_of(const std::vector<std::uint8_t>& body, std::size_t fixed) {
  const std::size_t start = NLMSG_ALIGN(fixed);
  return body.size() <= start ? Bytes{} : Bytes(body).subspan(start);
}

}  // namespace

std::optional<Request> replay_address(const Message& message) {
  ifaddrmsg fixed{};
  Bytes attributes;
  if (!read_fixed(message, RTM_NEWADDR, fixed, attributes) || !is_ip(fixed.ifa_family)) return std::nullopt;
  std::uint32_t flags = fixed.ifa_flags;
  std::vector<Attribute> kept;
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (attribute->type == IFA_FLAGS) flags = number_of<std::uint32_t>(attribute->data);
    if (is_among<4>(attribute->type, {IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY})) kept.push_back(*attribute);
  }
  if ((flags & IFA_F_DADFAILED) != 0) return std::nullopt;
  fixed.ifa_flags = 0;
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, fixed);
  for (const Attribute& attribute : kept) request.put(attribute.type, attribute.data);
  // The host's connected routes are replayed as they are, and nobody else is on the link to ask about duplicates.
  const std::uint32_t own = IFA_F_NOPREFIXROUTE | (fixed.ifa_family == AF_INET6 ? IFA_F_NODAD : 0U);
  request.put_number<std::uint32_t>(IFA_FLAGS, own);
  if ((flags & IFA_F_DEPRECATED) != 0) {
    request.put_number(IFA_CACHEINFO, ifa_cacheinfo{.ifa_prefered = 0, .ifa_valid = ~0U, .cstamp = 0, .tstamp = 0});
  }
  return request;
}

std::optional<Request> replay_nexthop(const Message& message) {
  nhmsg fixed{};
  Bytes attributes;
  if (!read_fixed(message, RTM_NEWNEXTHOP, fixed, attributes) || has_attribute(attributes, NHA_FDB)) return std::nullopt;
  fixed.nh_scope = 0;
  fixed.resvd = 0;
  fixed.nh_flags &= RTNH_F_ONLINK;
  Request request(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL, fixed);
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (is_among<7>(attribute->type,
                    {NHA_ID, NHA_GROUP, NHA_GROUP_TYPE, NHA_BLACKHOLE, NHA_OIF, NHA_GATEWAY, NHA_ENCAP_TYPE})) {
      request.put(attribute->type, attribute->data);
    }
    if (attribute->type == NHA_ENCAP) request.put(NHA_ENCAP | NLA_F_NESTED, attribute->data);
    if (attribute->type == NHA_RES_GROUP) put_resilience(request, attribute->data);
  }
  return request;
}

std::optional<Request> replay_rule(const Message& message) {
  fib_rule_hdr fixed{};
  Bytes attributes;
  if (!read_fixed(message, RTM_NEWRULE, fixed, attributes) || !is_ip(fixed.family)) return std::nullopt;
  fixed.res1 = 0;
  fixed.res2 = 0;
  fixed.flags &= FIB_RULE_INVERT;
  Request request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, fixed);
  std::uint32_t priority = 0;  // left out of a dump when it is 0, and chosen by the kernel when a request lacks it
  std::uint8_t protocol = RTPROT_UNSPEC;
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (attribute->type == FRA_PRIORITY) priority = number_of<std::uint32_t>(attribute->data);
    if (attribute->type == FRA_PROTOCOL) protocol = number_of<std::uint8_t>(attribute->data);
    if (is_among(attribute->type, kRuleAttributes)) request.put(attribute->type, attribute->data);
  }
  request.put_number(FRA_PRIORITY, priority);
  request.put_number(FRA_PROTOCOL, protocol);
  return request;
}

std::optional<Request> replay_route(const Message& message) {
  rtmsg fixed{};
  Bytes attributes;
  if (!read_fixed(message, RTM_NEWROUTE, fixed, attributes) || !is_ip(fixed.rtm_family)) return std::nullopt;
  if ((fixed.rtm_flags & RTM_F_CLONED) != 0 || is_made_by_an_address(fixed, attributes)) return std::nullopt;
  fixed.rtm_flags &= RTNH_F_ONLINK;
  // With a nexthop object the kernel shows what it stands for, and refuses to be told both.
  const bool by_object = has_attribute(attributes, RTA_NH_ID);
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, fixed);
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (is_among(attribute->type, kRouteAttributes)) request.put(attribute->type, attribute->data);
    if (by_object && attribute->type == RTA_NH_ID) request.put(RTA_NH_ID, attribute->data);
    if (by_object) continue;
    if (is_among(attribute->type, kNexthopAttributes)) request.put(attribute->type, attribute->data);
    if (attribute->type == RTA_ENCAP) request.put(RTA_ENCAP | NLA_F_NESTED, attribute->data);
    if (attribute->type == RTA_MULTIPATH) request.put(RTA_MULTIPATH, Bytes(without_state(attribute->data)));
  }
  return request;
}

bool has_gateway(const Request& route) {
  const auto body = route.body();
  Bytes attributes = attributes_of(body, sizeof(rtmsg));
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (is_among<4>(attribute->type, {RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH, RTA_NH_ID})) return true;
  }
  return false;
}

std::vector<std::uint8_t> key_of(const Request& route) {
  const auto body = route.body();
  rtmsg fixed{};
  std::memcpy(&fixed, body.data(), std::min(sizeof(fixed), body.size()));
  std::vector<std::uint8_t> key{fixed.rtm_family, fixed.rtm_dst_len, fixed.rtm_tos, fixed.rtm_table};
  Bytes attributes = attributes_of(body, sizeof(rtmsg));
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (!is_among<3>(attribute->type, {RTA_DST, RTA_PRIORITY, RTA_TABLE})) continue;
    key.push_back(static_cast<std::uint8_t>(attribute->type));
    key.insert(key.end(), attribute->data.begin(), attribute->data.end());
  }
  return key;
}

std::uint32_t id_of(const Request& nexthop) {
  const auto body = nexthop.body();
  Bytes attributes = attributes_of(body, sizeof(nhmsg));
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (attribute->type == NHA_ID) return number_of<std::uint32_t>(attribute->data);
  }
  return 0;
}

bool is_group(const Request& nexthop) {
  const auto body = nexthop.body();
  return has_attribute(attributes_of(body, sizeof(nhmsg)), NHA_GROUP);
}

std::optional<std::uint16_t> strange_in_rule(const Message& message) {
  fib_rule_hdr fixed{};
  Bytes attributes;
  if (!read_fixed(message, RTM_NEWRULE, fixed, attributes) || !is_ip(fixed.family)) return std::nullopt;
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (!is_among(attribute->type, kRuleAttributes) && !is_among(attribute->type, kOtherOfRules)) return attribute->type;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> strange_in_route(const Message& message) {
  rtmsg fixed{};
  Bytes attributes;
  if (!replay_route(message) || !read_fixed(message, RTM_NEWROUTE, fixed, attributes)) return std::nullopt;
  while (const auto attribute = routes::next_attribute(attributes)) {
    const bool is_known = is_among(attribute->type, kRouteAttributes) || is_among(attribute->type, kNexthopAttributes) ||
                          is_among(attribute->type, kOtherOfRoutes);
    if (!is_known) return attribute->type;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> strange_in(const Messages& messages, std::optional<std::uint16_t> (*strange)(const Message&)) {
  Bytes rest = messages;
  while (const auto message = routes::next_message(rest)) {
    if (const auto found = strange(*message)) return found;
  }
  return std::nullopt;
}

std::vector<Request> replay_all(const Messages& messages, std::optional<Request> (*replay)(const Message&)) {
  std::vector<Request> requests;
  Bytes rest = messages;
  while (const auto message = routes::next_message(rest)) {
    if (auto request = replay(*message)) requests.push_back(std::move(*request));
  }
  return requests;
}

}  // namespace ondol::preflight
