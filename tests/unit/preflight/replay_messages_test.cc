#include "agent/preflight/scratch/replay_messages.h"

#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>

#include "agent/preflight/scratch/fallback_link.h"
#include "agent/preflight/scratch/renumber_links.h"

namespace ondol::preflight {
namespace {

using routes::Message;

// What the kernel would have dumped: built as a request and read back.
class Dumped {
 public:
  template <typename Fixed>
  Dumped(std::uint16_t type, const Fixed& fixed) : type_(type), request_(type, 0, fixed) {}
  template <typename Number>
  Dumped& with(std::uint16_t type, Number number) {
    request_.put_number(type, number);
    return *this;
  }
  Dumped& with_bytes(std::uint16_t type, const std::vector<std::uint8_t>& bytes) {
    request_.put(type, routes::Bytes(bytes));
    return *this;
  }
  Message message() {
    body_ = request_.body();
    return {type_, 0, 0, 0, body_};
  }

 private:
  std::uint16_t type_;
  Request request_;
  std::vector<std::uint8_t> body_;
};

template <typename Number>
std::optional<Number> number_in(const Request& request, std::size_t fixed, std::uint16_t type) {
  const auto body = request.body();
  routes::Bytes attributes = routes::Bytes(body).subspan(NLMSG_ALIGN(fixed));
  while (const auto attribute = routes::next_attribute(attributes)) {
    Number number{};
    if (attribute->type != type || attribute->data.size() != sizeof number) continue;
    std::memcpy(&number, attribute->data.data(), sizeof number);
    return number;
  }
  return std::nullopt;
}

bool has_raw_type(const Request& request, std::size_t fixed, int type) {
  const auto body = request.body();
  for (std::size_t at = NLMSG_ALIGN(fixed); at + sizeof(nlattr) <= body.size();) {
    nlattr header{};
    std::memcpy(&header, body.data() + at, sizeof header);
    if (header.nla_type == type) return true;
    at += NLMSG_ALIGN(std::max<std::size_t>(header.nla_len, sizeof header));
  }
  return false;
}

template <typename Fixed>
Fixed fixed_of(const Request& request) {
  Fixed fixed{};
  std::memcpy(&fixed, request.body().data(), sizeof fixed);
  return fixed;
}

rtmsg route_header(std::uint8_t protocol = RTPROT_STATIC) {
  rtmsg fixed{};
  fixed.rtm_family = AF_INET;
  fixed.rtm_dst_len = 16;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_protocol = protocol;
  fixed.rtm_type = RTN_UNICAST;
  return fixed;
}

constexpr std::uint32_t kAddress = 0x0100000a;

TEST(ReplayMessages, StateOfARouteIsNotReplayed) {
  rtmsg fixed = route_header();
  fixed.rtm_flags = RTNH_F_LINKDOWN | RTNH_F_DEAD | RTNH_F_ONLINK | RTM_F_OFFLOAD;
  const auto request = replay_route(Dumped(RTM_NEWROUTE, fixed).with(RTA_DST, kAddress).with(RTA_GATEWAY, kAddress).message());
  ASSERT_TRUE(request);
  EXPECT_EQ(fixed_of<rtmsg>(*request).rtm_flags, unsigned{RTNH_F_ONLINK});
  EXPECT_TRUE(has_gateway(*request));
}

TEST(ReplayMessages, UnknownAttributesDoNotPass) {
  const auto request = replay_route(Dumped(RTM_NEWROUTE, route_header()).with(RTA_DST, kAddress).with(RTA_CACHEINFO, 1).with(200, 1).message());
  ASSERT_TRUE(request);
  EXPECT_TRUE(number_in<std::uint32_t>(*request, sizeof(rtmsg), RTA_DST));
  EXPECT_FALSE(number_in<int>(*request, sizeof(rtmsg), RTA_CACHEINFO));
  EXPECT_FALSE(number_in<int>(*request, sizeof(rtmsg), 200));
  EXPECT_FALSE(has_gateway(*request));
}

TEST(ReplayMessages, WhatIsNotKnownOfARuleOrARouteIsNamed) {
  fib_rule_hdr rule{};
  rule.family = AF_INET;
  constexpr std::uint16_t kDscp = 28;
  EXPECT_EQ(strange_in_rule(Dumped(RTM_NEWRULE, rule).with(FRA_PRIORITY, 5U).with(FRA_FWMARK, 1U).with(FRA_PAD, 0).message()),
            std::nullopt);
  EXPECT_EQ(strange_in_rule(Dumped(RTM_NEWRULE, rule).with(FRA_PRIORITY, 5U).with(kDscp, std::uint8_t{8}).message()), kDscp);
  EXPECT_EQ(strange_in_route(Dumped(RTM_NEWROUTE, route_header()).with(RTA_DST, kAddress).with(RTA_CACHEINFO, 1).message()),
            std::nullopt);
  EXPECT_EQ(strange_in_route(Dumped(RTM_NEWROUTE, route_header()).with(RTA_DST, kAddress).with(200, 1).message()), 200);
  rtmsg cloned = route_header();
  cloned.rtm_flags = RTM_F_CLONED;
  EXPECT_EQ(strange_in_route(Dumped(RTM_NEWROUTE, cloned).with(200, 1).message()), std::nullopt);  // not replayed anyway
}

TEST(ReplayMessages, ANexthopObjectStandsForWhatItIs) {
  const auto request = replay_route(
      Dumped(RTM_NEWROUTE, route_header()).with(RTA_NH_ID, 7U).with(RTA_GATEWAY, kAddress).with(RTA_OIF, 3).message());
  ASSERT_TRUE(request);
  EXPECT_EQ(number_in<std::uint32_t>(*request, sizeof(rtmsg), RTA_NH_ID), 7U);
  EXPECT_FALSE(number_in<std::uint32_t>(*request, sizeof(rtmsg), RTA_GATEWAY));
  EXPECT_FALSE(number_in<int>(*request, sizeof(rtmsg), RTA_OIF));
}

TEST(ReplayMessages, DeadNexthopsOfSeveralAreReplayedWithoutTheirState) {
  rtnexthop hop{};
  hop.rtnh_len = sizeof hop;
  hop.rtnh_flags = RTNH_F_DEAD | RTNH_F_LINKDOWN;
  hop.rtnh_ifindex = 3;
  std::vector<std::uint8_t> hops(sizeof hop);
  std::memcpy(hops.data(), &hop, sizeof hop);
  const auto request = replay_route(Dumped(RTM_NEWROUTE, route_header()).with_bytes(RTA_MULTIPATH, hops).message());
  ASSERT_TRUE(request);
  const auto replayed = number_in<rtnexthop>(*request, sizeof(rtmsg), RTA_MULTIPATH);
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->rtnh_flags, 0);
  EXPECT_EQ(replayed->rtnh_ifindex, 3);
}

TEST(ReplayMessages, WhatAddressesAndCachesMakeIsLeftOut) {
  rtmsg local = route_header(RTPROT_KERNEL);
  local.rtm_table = RT_TABLE_LOCAL;
  local.rtm_type = RTN_LOCAL;
  EXPECT_FALSE(replay_route(Dumped(RTM_NEWROUTE, local).message()));
  rtmsg anycast = route_header();
  anycast.rtm_table = RT_TABLE_LOCAL;
  anycast.rtm_type = RTN_LOCAL;
  EXPECT_TRUE(replay_route(Dumped(RTM_NEWROUTE, anycast).message()));  // somebody wrote that one
  rtmsg cloned = route_header();
  cloned.rtm_flags = RTM_F_CLONED;
  EXPECT_FALSE(replay_route(Dumped(RTM_NEWROUTE, cloned).message()));
  rtmsg multicast_routing = route_header();
  multicast_routing.rtm_family = 128;
  EXPECT_FALSE(replay_route(Dumped(RTM_NEWROUTE, multicast_routing).message()));
}

TEST(ReplayMessages, ConnectedRoutesAreReplayedAndNotMadeByTheAddress) {
  EXPECT_TRUE(replay_route(Dumped(RTM_NEWROUTE, route_header(RTPROT_KERNEL)).with(RTA_DST, kAddress).message()));
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET;
  fixed.ifa_prefixlen = 24;
  fixed.ifa_flags = IFA_F_PERMANENT | IFA_F_SECONDARY;
  fixed.ifa_index = 3;
  const auto request = replay_address(Dumped(RTM_NEWADDR, fixed).with(IFA_LOCAL, kAddress).message());
  ASSERT_TRUE(request);
  EXPECT_EQ(fixed_of<ifaddrmsg>(*request).ifa_flags, 0);
  EXPECT_EQ(number_in<std::uint32_t>(*request, sizeof fixed, IFA_FLAGS), std::uint32_t{IFA_F_NOPREFIXROUTE});
}

TEST(ReplayMessages, ADuplicateAddressIsLeftOutAndADeprecatedOneStaysSo) {
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET6;
  EXPECT_FALSE(replay_address(Dumped(RTM_NEWADDR, fixed).with(IFA_FLAGS, std::uint32_t{IFA_F_DADFAILED}).message()));
  const auto old = replay_address(Dumped(RTM_NEWADDR, fixed).with(IFA_FLAGS, std::uint32_t{IFA_F_DEPRECATED}).message());
  ASSERT_TRUE(old);
  const auto life = number_in<ifa_cacheinfo>(*old, sizeof fixed, IFA_CACHEINFO);
  ASSERT_TRUE(life);
  EXPECT_EQ(life->ifa_prefered, 0U);
}

TEST(ReplayMessages, ARuleSaysItsPriorityAlsoWhenItIsNone) {
  fib_rule_hdr fixed{};
  fixed.family = AF_INET;
  fixed.table = RT_TABLE_LOCAL;
  fixed.action = FR_ACT_TO_TBL;
  fixed.flags = FIB_RULE_PERMANENT | FIB_RULE_INVERT | FIB_RULE_IIF_DETACHED;
  const auto request = replay_rule(Dumped(RTM_NEWRULE, fixed).message());
  ASSERT_TRUE(request);
  EXPECT_EQ(number_in<std::uint32_t>(*request, sizeof fixed, FRA_PRIORITY), 0U);
  EXPECT_EQ(fixed_of<fib_rule_hdr>(*request).flags, unsigned{FIB_RULE_INVERT});
}

TEST(ReplayMessages, GroupsAreToldFromObjects) {
  nhmsg fixed{};
  fixed.nh_family = AF_INET;
  fixed.nh_scope = 200;
  const auto object = replay_nexthop(Dumped(RTM_NEWNEXTHOP, fixed).with(NHA_ID, 7U).message());
  ASSERT_TRUE(object);
  EXPECT_FALSE(is_group(*object));
  EXPECT_EQ(fixed_of<nhmsg>(*object).nh_scope, 0);
  const auto group = replay_nexthop(Dumped(RTM_NEWNEXTHOP, fixed).with(NHA_ID, 8U).with_bytes(NHA_GROUP, std::vector<std::uint8_t>(8)).message());
  ASSERT_TRUE(group);
  EXPECT_TRUE(is_group(*group));
}

TEST(ReplayMessages, EncapsulationsStayNested) {
  const auto route = replay_route(Dumped(RTM_NEWROUTE, route_header()).with_bytes(RTA_ENCAP, {4, 0, 1, 0}).message());
  ASSERT_TRUE(route);
  EXPECT_TRUE(has_raw_type(*route, sizeof(rtmsg), RTA_ENCAP | NLA_F_NESTED));
  const auto object = replay_nexthop(Dumped(RTM_NEWNEXTHOP, nhmsg{}).with_bytes(NHA_ENCAP, {4, 0, 1, 0}).message());
  ASSERT_TRUE(object);
  EXPECT_TRUE(has_raw_type(*object, sizeof(nhmsg), NHA_ENCAP | NLA_F_NESTED));
}

TEST(ReplayMessages, AResilientGroupKeepsItsSettingsAndNotItsState) {
  Request settings(RTM_NEWNEXTHOP, 0, nhmsg{});
  settings.put_number<std::uint16_t>(NHA_RES_GROUP_BUCKETS, 64);
  settings.put_number<std::uint64_t>(NHA_RES_GROUP_UNBALANCED_TIME, 5);
  auto nested = settings.body();
  nested.erase(nested.begin(), nested.begin() + sizeof(nhmsg));
  const auto group = replay_nexthop(Dumped(RTM_NEWNEXTHOP, nhmsg{}).with(NHA_ID, 8U).with_bytes(NHA_RES_GROUP, nested).message());
  ASSERT_TRUE(group);
  EXPECT_TRUE(has_raw_type(*group, sizeof(nhmsg), NHA_RES_GROUP | NLA_F_NESTED));
  EXPECT_EQ(group->size(), sizeof(nlmsghdr) + sizeof(nhmsg) + 8 + sizeof(nlattr) + 8);
}

TEST(ReplayMessages, RoutesOfOneKeyAreKnown) {
  const auto with = [](std::uint32_t metric, std::uint8_t tos) {
    rtmsg fixed = route_header();
    fixed.rtm_tos = tos;
    return key_of(*replay_route(Dumped(RTM_NEWROUTE, fixed).with(RTA_DST, kAddress).with(RTA_PRIORITY, metric).with(RTA_OIF, 3).message()));
  };
  const auto bare = key_of(*replay_route(
      Dumped(RTM_NEWROUTE, route_header()).with(RTA_DST, kAddress).with(RTA_PRIORITY, 5U).with(RTA_GATEWAY, kAddress).message()));
  EXPECT_EQ(with(5, 0), bare);
  EXPECT_NE(with(6, 0), bare);
  EXPECT_NE(with(5, 4), bare);
}

TEST(RenumberLinks, EveryNumberOfALinkIsThatOfItsCopy) {
  Question question;
  question.links = {{1, {}, true, true}, {3, {}, true, true}};
  ifaddrmsg address{};
  address.ifa_index = 3;
  Request(RTM_NEWADDR, 0, address).write_to(question.addresses, 0, false);
  Request nexthop(RTM_NEWNEXTHOP, 0, nhmsg{});
  nexthop.put_number<int>(NHA_OIF, 3);
  nexthop.write_to(question.nexthops, 0, false);
  Request route(RTM_NEWROUTE, 0, route_header());
  route.put_number<int>(RTA_OIF, 3);
  std::array<rtnexthop, 2> hops{{{sizeof(rtnexthop), 0, 0, 3}, {sizeof(rtnexthop), 0, 0, 1}}};
  route.put(RTA_MULTIPATH, hops.data(), sizeof(hops));
  route.write_to(question.routes, 0, false);
  Question expected = question;
  renumber_links(question);
  EXPECT_EQ(question.links[0].index, 1);
  EXPECT_EQ(question.links[1].index, kFirstCopy + 3);
  const auto with = [](Messages bytes, std::initializer_list<std::size_t> places) {
    const int copy = kFirstCopy + 3;
    for (const std::size_t at : places) std::memcpy(bytes.data() + at, &copy, sizeof copy);
    return bytes;
  };
  EXPECT_EQ(question.addresses, with(expected.addresses, {16 + 4}));
  EXPECT_EQ(question.nexthops, with(expected.nexthops, {16 + 8 + 4}));
  EXPECT_EQ(question.routes, with(expected.routes, {16 + 12 + 4, 16 + 12 + 8 + 4 + 4}));
}

TEST(FallbackLink, IsKnownByItsKindAndItsNameTogether) {
  const auto looks = [](std::string_view kind, std::string_view name) {
    Request link(RTM_NEWLINK, 0, ifinfomsg{});
    link.put_name(IFLA_IFNAME, name);
    const std::size_t info = link.open(IFLA_LINKINFO);
    link.put_name(IFLA_INFO_KIND, kind);
    link.close(info);
    const auto body = link.body();
    return is_fallback_link({RTM_NEWLINK, 0, 0, 0, body});
  };
  EXPECT_TRUE(looks("ipip", "tunl0"));
  EXPECT_TRUE(looks("vti6", "ip6_vti0"));
  EXPECT_FALSE(looks("ipip", "tunl1"));
  EXPECT_FALSE(looks("dummy", "tunl0"));
  EXPECT_FALSE(looks("", ""));
  EXPECT_FALSE(is_fallback_link({RTM_NEWLINK, 0, 0, 0, {}}));
}

TEST(ReplayMessages, ShortAndForeignMessagesAreNothing) {
  const std::vector<std::uint8_t> few(4, 2);
  for (const int type : std::initializer_list<int>{RTM_NEWROUTE, RTM_NEWADDR, RTM_NEWRULE, RTM_NEWNEXTHOP, NLMSG_DONE}) {
    const Message message{static_cast<std::uint16_t>(type), 0, 0, 0, few};
    EXPECT_FALSE(replay_route(message) || replay_address(message) || replay_rule(message) || replay_nexthop(message));
  }
}

}  // namespace
}  // namespace ondol::preflight
