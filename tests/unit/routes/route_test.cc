#include "common/resources/routes/route.h"

#include <gtest/gtest.h>

#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::routes {
namespace {

TEST(Route, an_interface_name_of_15_characters_fits_and_one_of_16_does_not) {
  EXPECT_EQ(InterfaceName::make("abcdefghijklmno")->view(), "abcdefghijklmno");
  EXPECT_FALSE(InterfaceName::make("abcdefghijklmnop").has_value());
  EXPECT_TRUE(InterfaceName::make("")->empty());
}

TEST(Route, a_shorter_interface_name_is_not_equal_to_one_padded_with_zero_bytes) {
  const std::string_view padded("eth\0", 4);
  EXPECT_NE(*InterfaceName::make("eth"), *InterfaceName::make(padded));
}

TEST(Route, a_hostile_interface_name_is_escaped_in_text) {
  const Route route = unicast("10.0.0.0/8", "10.9.9.9", "\x1b[2Jeth\n");
  EXPECT_EQ(render(route.value), "via 10.9.9.9 dev \\x1b[2Jeth\\x0a");
}

TEST(Route, keys_are_written_with_table_and_metric) {
  EXPECT_EQ(render(unicast("10.20.0.0/16", "10.0.0.1").key), "10.20.0.0/16 table main metric 0");
  Route route = unicast("2001:db8::/32", "fe80::1", "eth0");
  route.key.table = 100;
  route.key.source = parse_prefix("2001:db8:1::/48").value();
  EXPECT_EQ(render(route.key), "2001:db8::/32 from 2001:db8:1::/48 table 100 metric 1024");
}

TEST(Route, routes_are_written_in_the_order_of_the_ip_command) {
  Route route = unicast("10.20.0.0/16", "10.0.0.1", "eth0", 50);
  route.key.table = 7;
  route.value.preferred_source = parse_address("10.0.0.2").value();
  route.value.mtu = 1400;
  route.value.scope = 253;
  route.value.nexthops[0].onlink = true;
  EXPECT_EQ(render(route),
            "10.20.0.0/16 via 10.0.0.1 dev eth0 onlink table 7 metric 50 scope link src 10.0.0.2 mtu 1400");
  EXPECT_EQ(render(blackhole("192.0.2.0/24")), "blackhole 192.0.2.0/24");
  EXPECT_EQ(render(blackhole("192.0.2.0/24").value), "blackhole");
}

TEST(Route, several_nexthops_are_a_multiset_written_sorted_with_their_weights) {
  Route route = unicast("10.20.0.0/16", "10.0.0.2");
  Nexthop other = route.value.nexthops[0];
  other.gateway = parse_address("10.0.0.1").value();
  other.weight = 0;
  route.value.nexthops.push_back(other);
  normalise(route);
  EXPECT_EQ(render(route.value), "nexthop via 10.0.0.1 weight 1 nexthop via 10.0.0.2 weight 1");
}

TEST(Route, metric_0_of_an_ipv6_route_means_1024_and_stays_0_for_ipv4) {
  EXPECT_EQ(unicast("2001:db8::/32", "fe80::1").key.metric, 1024U);
  EXPECT_EQ(unicast("10.0.0.0/8", "10.0.0.1").key.metric, 0U);
}

TEST(Route, an_ipv6_blackhole_loses_the_loopback_the_kernel_hangs_it_on) {
  Route seen = unicast("2001:db8::/32", "", "lo");
  seen.value.type = RouteType::kBlackhole;
  normalise(seen);
  EXPECT_TRUE(satisfies(seen.value, blackhole("2001:db8::/32").value));
  EXPECT_EQ(seen.value, blackhole("2001:db8::/32").value);
}

TEST(Route, a_source_of_length_0_and_a_gateway_of_zeros_mean_none) {
  Route route = unicast("2001:db8::/32", "::", "eth0");
  route.key.source = parse_prefix("::/0").value();
  normalise(route);
  EXPECT_FALSE(route.key.source.has_value());
  EXPECT_FALSE(route.value.nexthops[0].gateway.has_value());
}

TEST(Route, what_intent_leaves_open_matches_anything) {
  Route seen = unicast("10.20.0.0/16", "10.0.0.1", "eth0");
  seen.value.scope = 0;
  seen.value.preferred_source = parse_address("10.0.0.9").value();
  const Route wanted = unicast("10.20.0.0/16", "10.0.0.1");
  EXPECT_TRUE(satisfies(seen.value, wanted.value));
  EXPECT_FALSE(satisfies(wanted.value, seen.value)) << "the relation has a direction";
}

TEST(Route, gateway_interface_mtu_weight_onlink_and_type_must_be_equal) {
  const Route wanted = unicast("10.20.0.0/16", "10.0.0.1", "eth0");
  EXPECT_FALSE(satisfies(unicast("10.20.0.0/16", "10.0.0.2", "eth0").value, wanted.value));
  EXPECT_FALSE(satisfies(unicast("10.20.0.0/16", "10.0.0.1", "eth1").value, wanted.value));
  EXPECT_FALSE(satisfies(blackhole("10.20.0.0/16").value, wanted.value));
  RouteValue seen = wanted.value;
  seen.mtu = 1400;
  EXPECT_FALSE(satisfies(seen, wanted.value));
  seen = wanted.value;
  seen.nexthops[0].onlink = true;
  EXPECT_FALSE(satisfies(seen, wanted.value));
  seen = wanted.value;
  seen.nexthops[0].encapsulation = "0a";
  EXPECT_FALSE(satisfies(seen, wanted.value));
}

TEST(Route, open_nexthops_do_not_steal_the_one_that_a_named_nexthop_needs) {
  Route wanted = unicast("10.20.0.0/16", "10.0.0.1");
  wanted.value.nexthops.push_back(unicast("10.20.0.0/16", "10.0.0.1", "eth0").value.nexthops[0]);
  Route seen = unicast("10.20.0.0/16", "10.0.0.1", "eth0");
  seen.value.nexthops.push_back(unicast("10.20.0.0/16", "10.0.0.1", "eth1").value.nexthops[0]);
  EXPECT_TRUE(satisfies(seen.value, wanted.value));
  seen.value.nexthops[0].interface = InterfaceName::make("eth2").value();
  EXPECT_FALSE(satisfies(seen.value, wanted.value));
}

TEST(Route, sorting_orders_by_table_family_and_address_and_keeps_the_kernels_order_within_one_key) {
  Route table_7 = unicast("9.0.0.0/8", "10.0.0.1");
  table_7.key.table = 7;
  std::vector<ObservedRoute> routes{
      foreign(unicast("2001:db8::/32", "fe80::1")),  foreign(unicast("10.200.0.0/16", "10.0.0.2")),
      foreign(unicast("10.200.0.0/16", "10.0.0.1")), foreign(unicast("10.3.0.0/16", "10.0.0.1")), foreign(table_7)};
  sort_by_key(routes);
  std::string text;
  for (const ObservedRoute& seen : routes) text += render(seen.route) + "; ";
  EXPECT_EQ(text,
            "9.0.0.0/8 via 10.0.0.1 table 7; 10.3.0.0/16 via 10.0.0.1; 10.200.0.0/16 via 10.0.0.2; "
            "10.200.0.0/16 via 10.0.0.1; 2001:db8::/32 via fe80::1 metric 1024; ");
}

TEST(Route, static_boot_ours_and_unknown_protocols_are_compared_and_daemons_are_not) {
  for (const int protocol : {0, 3, 4, 79, 80, 200, 255}) EXPECT_TRUE(is_compared(static_cast<std::uint8_t>(protocol)));
  for (const int protocol : {1, 2, 8, 9, 11, 12, 16, 18, 42, 99, 186, 187, 188, 189, 191, 192, 193, 198}) {
    EXPECT_FALSE(is_compared(static_cast<std::uint8_t>(protocol))) << protocol;
  }
  EXPECT_EQ(protocol_name(4), "static");
  EXPECT_EQ(protocol_name(79), "ondol");
  EXPECT_EQ(protocol_name(12), "bird");
  EXPECT_EQ(protocol_name(80), "80");
}

}  // namespace
}  // namespace ondol::routes
