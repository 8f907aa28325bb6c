#include <gtest/gtest.h>
#include <linux/nexthop.h>
#include <net/if.h>

#include "tests/unit/host_routes/netlink_bytes.h"

namespace ondol::routes {
namespace {

class DecodeRtnetlink : public testing::Test {
 protected:
  Decoded decode(const BuiltMessage& message) {
    route_ = {};
    return decode_route(message.view(), links_, nexthops_, route_);
  }
  RouteLook look(const rtmsg& fixed) {
    return look_at_route(message_of(fixed).view(), ComparedTables({1000})).look;
  }
  const Nexthop& nexthop(std::size_t index = 0) { return route_.route.value.nexthops.at(index); }

  LinkTable links_ = two_links();
  NexthopTable nexthops_;
  ObservedRoute route_;
};

BuiltMessage gateway_route() {
  return message_of(ipv4_header(16))
      .add(attribute(RTA_DST, address_bytes_of("10.20.0.0")))
      .add(attribute(RTA_GATEWAY, address_bytes_of("10.0.0.1")))
      .add(attribute(RTA_OIF, bytes_of(2)));
}

TEST_F(DecodeRtnetlink, AGatewayRouteIsReadWhole) {
  const std::uint32_t mtu = 1400;
  ASSERT_EQ(decode(gateway_route()
                       .add(attribute(RTA_PRIORITY, bytes_of(std::uint32_t{100})))
                       .add(attribute(RTA_PREFSRC, address_bytes_of("10.0.0.9")))
                       .add(attribute(RTA_METRICS, attribute(RTAX_MTU, bytes_of(mtu))))),
            Decoded::kWhole);
  EXPECT_EQ(render(route_.route.key.destination), "10.20.0.0/16");
  EXPECT_EQ(route_.route.key.metric, 100U);
  EXPECT_EQ(route_.route.key.table, kMainTable);
  EXPECT_EQ(route_.protocol, kProtocolStatic);
  EXPECT_EQ(nexthop().interface.view(), "eth0");
  EXPECT_EQ(render(*nexthop().gateway), "10.0.0.1");
  EXPECT_EQ(route_.route.value.mtu, 1400U);
  EXPECT_EQ(render(*route_.route.value.preferred_source), "10.0.0.9");
  EXPECT_EQ(route_.route.value.scope, 0);
}

TEST_F(DecodeRtnetlink, ATableAbove255IsInItsAttribute) {
  rtmsg fixed = ipv4_header(0);
  fixed.rtm_table = RT_TABLE_COMPAT;
  const auto message = message_of(fixed).add(attribute(RTA_TABLE, bytes_of(std::uint32_t{1000})));
  EXPECT_EQ(look_at_route(message.view(), ComparedTables({1000})).look, RouteLook::kCompared);
  EXPECT_EQ(look_at_route(message.view(), ComparedTables({1001})).look, RouteLook::kCounted);
  ASSERT_EQ(decode(message), Decoded::kWhole);
  EXPECT_EQ(route_.route.key.table, 1000U);
}

TEST_F(DecodeRtnetlink, TheHeaderAloneSaysWhatIsCompared) {
  rtmsg fixed = ipv4_header(8);
  EXPECT_EQ(look(fixed), RouteLook::kCompared);
  for (const std::uint8_t type : {RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST}) {
    fixed.rtm_type = type;
    EXPECT_EQ(look(fixed), RouteLook::kNotLooked) << int{type};
  }
  fixed = ipv4_header(8);
  fixed.rtm_type = RTN_THROW;
  EXPECT_EQ(look(fixed), RouteLook::kCounted);
  fixed = ipv4_header(8);
  fixed.rtm_flags = RTM_F_CLONED;
  EXPECT_EQ(look(fixed), RouteLook::kNotLooked);
  fixed = ipv4_header(8);
  fixed.rtm_protocol = RTPROT_BIRD;
  EXPECT_EQ(look(fixed), RouteLook::kCounted);
  fixed = ipv4_header(8);
  fixed.rtm_table = 100;
  EXPECT_EQ(look(fixed), RouteLook::kCounted);
  fixed = ipv4_header(8);
  fixed.rtm_tos = 8;
  EXPECT_EQ(look(fixed), RouteLook::kCounted);
  fixed = ipv4_header(8);
  fixed.rtm_family = 28;  // MPLS
  EXPECT_EQ(look(fixed), RouteLook::kNotLooked);
  EXPECT_EQ(look_at_route(Message{}, ComparedTables{}).look, RouteLook::kMalformed);
}

TEST_F(DecodeRtnetlink, SeveralNexthopsKeepTheirOwnWeightsFlagsAndGateways) {
  ByteList several = nexthop_bytes(2, 6, RTNH_F_ONLINK, attribute(RTA_GATEWAY, address_bytes_of("10.0.0.3")));
  ByteList via = bytes_of(std::uint16_t{AF_INET6});
  const ByteList gateway = address_bytes_of("fe80::2");
  via.insert(via.end(), gateway.begin(), gateway.end());
  append(several, nexthop_bytes(2, 0, 0, attribute(RTA_VIA, via)));
  ASSERT_EQ(decode(message_of(ipv4_header(0)).add(attribute(RTA_MULTIPATH, several))), Decoded::kWhole);
  ASSERT_EQ(route_.route.value.nexthops.size(), 2U);
  EXPECT_EQ(nexthop(0).weight, 7);
  EXPECT_TRUE(nexthop(0).onlink);
  EXPECT_EQ(render(*nexthop(1).gateway), "fe80::2");
  EXPECT_FALSE(nexthop(1).onlink);
}

TEST_F(DecodeRtnetlink, AnEncapsulationIsItsTypeAndItsBytesInHexadecimal) {
  ASSERT_EQ(decode(message_of(ipv6_header(0))
                       .add(attribute(RTA_OIF, bytes_of(2)))
                       .add(attribute(RTA_ENCAP_TYPE, bytes_of(std::uint16_t{5})))
                       .add(attribute(RTA_ENCAP | NLA_F_NESTED, {0x08, 0x00, 0xab, 0x01}))),
            Decoded::kWhole);
  EXPECT_EQ(nexthop().encapsulation, "00050800ab01");
}

TEST_F(DecodeRtnetlink, AnIpv6RouteHasAMetricASourceAndNoScope) {
  rtmsg fixed = ipv6_header(48);
  fixed.rtm_src_len = 64;
  ASSERT_EQ(decode(message_of(fixed)
                       .add(attribute(RTA_DST, address_bytes_of("2001:db8:20::")))
                       .add(attribute(RTA_SRC, address_bytes_of("2001:db8:1::")))
                       .add(attribute(RTA_OIF, bytes_of(2)))),
            Decoded::kWhole);
  EXPECT_EQ(route_.route.key.metric, kDefaultMetricIpv6);
  EXPECT_EQ(render(*route_.route.key.source), "2001:db8:1::/64");
  EXPECT_FALSE(route_.route.value.scope.has_value());
}

TEST_F(DecodeRtnetlink, AnIpv6BlackholeHasNoDevice) {
  rtmsg fixed = ipv6_header(48);
  fixed.rtm_type = RTN_BLACKHOLE;
  ASSERT_EQ(decode(message_of(fixed)
                       .add(attribute(RTA_DST, address_bytes_of("2001:db8:bad::")))
                       .add(attribute(RTA_OIF, bytes_of(1)))),
            Decoded::kWhole);
  EXPECT_EQ(route_.route.value.type, RouteType::kBlackhole);
  EXPECT_TRUE(route_.route.value.nexthops.empty());
}

TEST_F(DecodeRtnetlink, AnUnknownInterfaceOrNexthopObjectAsksForNewerTables) {
  EXPECT_EQ(decode(message_of(ipv4_header(0)).add(attribute(RTA_OIF, bytes_of(7)))), Decoded::kUnknownIndex);
  EXPECT_EQ(route_.route.value.nexthops.size(), 1U);  // complete but for the name
  EXPECT_EQ(decode(message_of(ipv4_header(0)).add(attribute(RTA_NH_ID, bytes_of(std::uint32_t{9})))),
            Decoded::kUnknownIndex);
}

TEST_F(DecodeRtnetlink, ANexthopObjectStandsForItsMembers) {
  nhmsg fixed{};
  fixed.nh_family = AF_INET;
  const auto plain = message_of(fixed, RTM_NEWNEXTHOP)
                         .add(attribute(NHA_ID, bytes_of(std::uint32_t{1})))
                         .add(attribute(NHA_OIF, bytes_of(2)))
                         .add(attribute(NHA_GATEWAY, address_bytes_of("10.0.0.2")));
  ByteList members = bytes_of(nexthop_grp{1, 4, 0, 0});
  const auto group = message_of(nhmsg{}, RTM_NEWNEXTHOP)
                         .add(attribute(NHA_ID, bytes_of(std::uint32_t{2})))
                         .add(attribute(NHA_GROUP, members));
  nexthops_.put(decode_nexthop(plain.view(), links_).value());
  nexthops_.put(decode_nexthop(group.view(), links_).value());
  ASSERT_EQ(decode(message_of(ipv4_header(0)).add(attribute(RTA_NH_ID, bytes_of(std::uint32_t{2})))),
            Decoded::kWhole);
  EXPECT_EQ(render(*nexthop().gateway), "10.0.0.2");
  EXPECT_EQ(nexthop().interface.view(), "eth0");
}

TEST_F(DecodeRtnetlink, WhatIntentCannotSayIsKeptAsHexadecimal) {
  const ByteList window = attribute(RTAX_INITCWND, bytes_of(std::uint32_t{0x0a0a0a0a}));
  const ByteList mtu = attribute(RTAX_MTU, bytes_of(std::uint32_t{1400}));
  ByteList both = mtu;
  append(both, window);
  ASSERT_EQ(decode(gateway_route().add(attribute(RTA_METRICS, mtu))), Decoded::kWhole);
  EXPECT_EQ(route_.route.value.unmodelled, "");
  ASSERT_EQ(decode(gateway_route().add(attribute(RTA_METRICS, both))), Decoded::kWhole);
  EXPECT_EQ(route_.route.value.mtu, 1400U);
  EXPECT_EQ(route_.route.value.unmodelled, "080b0a0a0a0a");
  const ByteList realms = attribute(RTA_FLOW, bytes_of(std::uint32_t{0x01010101}));
  ASSERT_EQ(decode(gateway_route().add(realms).add(attribute(RTA_METRICS, both))), Decoded::kWhole);
  const std::string text = route_.route.value.unmodelled;
  EXPECT_EQ(text, "080b0a0a0a0a0b01010101");
  ASSERT_EQ(decode(gateway_route().add(attribute(RTA_METRICS, both)).add(realms)), Decoded::kWhole);
  EXPECT_EQ(route_.route.value.unmodelled, text) << "the order carries no meaning";
  ByteList hop = attribute(RTA_GATEWAY, address_bytes_of("10.0.0.1"));
  append(hop, realms);
  ASSERT_EQ(decode(message_of(ipv4_header(16)).add(attribute(RTA_MULTIPATH, nexthop_bytes(2, 0, 0, hop)))),
            Decoded::kWhole);
  EXPECT_EQ(route_.route.value.unmodelled, "0b01010101");
}

TEST_F(DecodeRtnetlink, MediumPreferenceAndAgesAreNoAttributes) {
  const auto ipv6 = [] { return message_of(ipv6_header(0)).add(attribute(RTA_OIF, bytes_of(2))); };
  rta_cacheinfo ages{};
  ages.rta_lastuse = 77;
  ASSERT_EQ(decode(ipv6().add(attribute(RTA_PREF, {0})).add(attribute(RTA_CACHEINFO, bytes_of(ages)))),
            Decoded::kWhole);
  EXPECT_EQ(route_.route.value.unmodelled, "");
  ages.rta_expires = 300;
  ASSERT_EQ(decode(ipv6().add(attribute(RTA_PREF, {1})).add(attribute(RTA_CACHEINFO, bytes_of(ages)))),
            Decoded::kWhole);
  EXPECT_EQ(route_.route.value.unmodelled, "0c1401");
}

TEST_F(DecodeRtnetlink, HostileRoutesAreMalformedAndNothingElse) {
  const auto hostile = [this](const BuiltMessage& message) {
    EXPECT_EQ(decode(message), Decoded::kMalformed);
  };
  rtmsg fixed = ipv4_header(33);
  hostile(message_of(fixed));
  fixed = ipv6_header(129);
  hostile(message_of(fixed));
  fixed = ipv4_header(8);
  fixed.rtm_src_len = 200;
  hostile(message_of(fixed));
  hostile(message_of(ipv4_header(8)).add(attribute(RTA_DST, {10, 0, 0})));  // three bytes of address
  hostile(
      message_of(ipv4_header(8)).add(attribute(RTA_DST, address_bytes_of("::1"))));  // of the other family
  hostile(
      message_of(ipv4_header(8)).add(attribute(RTA_SRC, address_bytes_of("10.0.0.0"))));  // without a length
  hostile(message_of(ipv4_header(8)).add(attribute(RTA_OIF, {1, 2})));
  hostile(message_of(ipv4_header(8)).add(attribute(RTA_TABLE, {1, 2, 3, 4, 5})));
  hostile(message_of(ipv4_header(8)).add(attribute(RTA_VIA, {2})));
  hostile(message_of(ipv4_header(8)).add(attribute(RTA_METRICS, {1, 2, 3, 4, 5})));
  hostile(message_of(ipv4_header(8)).add({0xff, 0xff, 0x01, 0x00}));  // an attribute longer than the message
  hostile(message_of(ipv4_header(8)).add({0x02, 0x00, 0x01, 0x00}));  // and one shorter than its own header
}

TEST_F(DecodeRtnetlink, HostileNexthopListsEnd) {
  const auto hostile = [this](const ByteList& list) {
    EXPECT_EQ(decode(message_of(ipv4_header(0)).add(attribute(RTA_MULTIPATH, list))), Decoded::kMalformed);
  };
  hostile({1, 2, 3});
  ByteList zero = nexthop_bytes(2, 0, 0, {});
  zero[0] = 0;  // a nexthop of no length would be read for ever
  hostile(zero);
  ByteList longer = nexthop_bytes(2, 0, 0, {});
  longer[0] = 200;
  hostile(longer);
  hostile(nexthop_bytes(2, 0, 0, attribute(RTA_GATEWAY, {1, 2, 3, 4, 5, 6})));
}

TEST_F(DecodeRtnetlink, EveryTruncationOfAMessageIsSurvived) {
  const ByteList whole = gateway_route().whole();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const ByteList part(whole.begin(), whole.begin() + static_cast<long>(size));
    Bytes rest = part;
    EXPECT_FALSE(next_message(rest)) << size;
  }
  Bytes rest = whole;
  ASSERT_TRUE(next_message(rest));
  EXPECT_TRUE(rest.empty());
}

TEST_F(DecodeRtnetlink, ALinkIsReadOnlyFromADeviceMessage) {
  ifinfomsg fixed{};
  fixed.ifi_index = 3;
  fixed.ifi_flags = IFF_UP | IFF_RUNNING;
  const ByteList name{'w', 'a', 'n', '0', 0};
  const auto link = decode_link(message_of(fixed, RTM_NEWLINK).add(attribute(IFLA_IFNAME, name)).view());
  ASSERT_TRUE(link);
  EXPECT_EQ(*link, (LinkFacts{3, InterfaceName::make("wan0").value(), true, true}));
  fixed.ifi_family = AF_BRIDGE;  // a port left its bridge: the device is still there
  EXPECT_FALSE(decode_link(message_of(fixed, RTM_DELLINK).add(attribute(IFLA_IFNAME, name)).view()));
  fixed.ifi_family = AF_UNSPEC;
  EXPECT_FALSE(decode_link(message_of(fixed, RTM_NEWLINK).view()));
  EXPECT_FALSE(
      decode_link(message_of(fixed, RTM_NEWLINK).add(attribute(IFLA_IFNAME, ByteList(16, 'x'))).view()));
}

TEST_F(DecodeRtnetlink, OnAPointToPointLinkTheLocalAddressIsOurs) {
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET;
  fixed.ifa_prefixlen = 24;
  fixed.ifa_index = 2;
  const auto read = decode_address(message_of(fixed, RTM_NEWADDR)
                                       .add(attribute(IFA_ADDRESS, address_bytes_of("10.9.9.9")))
                                       .add(attribute(IFA_LOCAL, address_bytes_of("10.0.0.7")))
                                       .view());
  ASSERT_TRUE(read);
  EXPECT_EQ(render(read->address), "10.0.0.7/24");
}

TEST_F(DecodeRtnetlink, AnAnswerCarriesTheKernelsWords) {
  nlmsgerr fixed{};
  fixed.error = -ENETUNREACH;
  fixed.msg.nlmsg_len = 60;  // capped: the 60 bytes did not come along
  BuiltMessage refused = message_of(fixed, NLMSG_ERROR);
  refused.flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
  const std::string words = "Nexthop has invalid gateway";
  refused.add(attribute(NLMSGERR_ATTR_MSG, {words.begin(), words.end()}));
  const auto answer = decode_answer(refused.view());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error_number, ENETUNREACH);
  EXPECT_EQ(answer->text, words);
  fixed.error = 0;
  EXPECT_EQ(decode_answer(message_of(fixed, NLMSG_ERROR).view())->error_number, 0);
  fixed.error = -2147483647 - 1;
  EXPECT_FALSE(decode_answer(message_of(fixed, NLMSG_ERROR).view()));
}

TEST_F(DecodeRtnetlink, TheEndOfADumpMayBeAnError) {
  EXPECT_EQ(decode_done(message_of(int{0}, NLMSG_DONE).view()), 0);
  EXPECT_EQ(decode_done(message_of(int{-EMSGSIZE}, NLMSG_DONE).view()), EMSGSIZE);
  EXPECT_FALSE(decode_done(message_of(int{0}, NLMSG_ERROR).view()));
}

}  // namespace
}  // namespace ondol::routes
