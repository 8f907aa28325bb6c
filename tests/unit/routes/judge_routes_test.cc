#include "common/resources/routes/judge_routes.h"

#include <gtest/gtest.h>

#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::routes {
namespace {

const HostAddresses kHost{{parse_address("10.0.0.7").value()}, {parse_prefix("10.0.0.0/24").value()}};

std::vector<std::string> messages(const std::vector<Route>& routes, const std::optional<HostAddresses>& host = {}) {
  std::vector<std::string> texts;
  for (const RouteLint& lint : judge_routes(enforce(routes), host)) {
    texts.push_back((lint.severity == LintSeverity::kError ? "error: " : "warning: ") + lint.message);
  }
  return texts;
}

std::vector<std::string> one(std::string text) { return {std::move(text)}; }

Route in_table(std::uint32_t table) {
  Route route = unicast("10.20.0.0/16", "10.0.0.1");
  route.key.table = table;
  return route;
}

TEST(JudgeRoutes, a_sound_list_has_nothing_to_say) {
  EXPECT_TRUE(messages({unicast("10.20.0.0/16", "10.0.0.1"), blackhole("192.0.2.0/24"), unicast("::/0", "fe80::1", "eth0"),
                        unicast("10.21.0.0/16", "", "abcdefghijklmno")}, kHost).empty());
}

TEST(JudgeRoutes, tables_0_255_and_the_last_number_are_refused) {
  EXPECT_EQ(messages({in_table(0)}), one("error: table 0 does not exist"));
  EXPECT_EQ(messages({in_table(255)}), one("error: table 255 (local) belongs to the kernel"));
  EXPECT_EQ(messages({in_table(4'294'967'295)}), one("error: table 4294967295 is reserved"));
  EXPECT_TRUE(messages({in_table(4'294'967'294)}).empty());
}

TEST(JudgeRoutes, a_key_listed_twice_is_refused) {
  EXPECT_EQ(messages({unicast("10.20.0.0/16", "10.0.0.1"), unicast("10.20.0.0/16", "10.0.0.2")}),
            one("error: the same key is listed twice"));
}

TEST(JudgeRoutes, an_own_address_is_no_gateway) {
  EXPECT_EQ(messages({unicast("10.20.0.0/16", "10.0.0.7")}, kHost),
            one("error: gateway 10.0.0.7 is the host's own address"));
  Route sourced = unicast("10.20.0.0/16", "10.0.0.1");
  sourced.value.preferred_source = parse_address("10.0.0.9").value();
  EXPECT_EQ(messages({sourced, unicast("10.30.0.0/16", "10.0.0.9")}),
            one("error: gateway 10.0.0.9 is the host's own address"));
}

TEST(JudgeRoutes, a_gateway_outside_every_connected_network_is_refused_when_the_host_is_known) {
  const Route lost = unicast("10.20.0.0/16", "10.9.0.1");
  EXPECT_EQ(messages({lost}, kHost),
            one("error: gateway 10.9.0.1 is not on-link: no connected network of this host contains it"));
  EXPECT_TRUE(messages({lost}).empty()) << "an unknown host proves nothing";
  EXPECT_TRUE(messages({lost, unicast("10.9.0.0/24", "", "eth0")}, kHost).empty()) << "a listed route makes it on-link";
}

TEST(JudgeRoutes, an_onlink_gateway_is_believed_and_needs_an_interface) {
  Route route = unicast("10.20.0.0/16", "10.9.0.1", "eth0");
  route.value.nexthops[0].onlink = true;
  EXPECT_TRUE(messages({route}, kHost).empty());
  route.value.nexthops[0].interface = {};
  EXPECT_EQ(messages({route}, kHost), one("error: onlink needs an interface"));
}

TEST(JudgeRoutes, a_listed_route_to_the_gateway_itself_that_leads_elsewhere_is_refused_without_any_knowledge) {
  EXPECT_EQ(messages({unicast("10.20.0.0/16", "10.9.0.1"), blackhole("10.9.0.1/32")}),
            one("error: gateway 10.9.0.1 is not on-link: 'blackhole 10.9.0.1/32' leads elsewhere"));
}

TEST(JudgeRoutes, addresses_that_cannot_be_gateways_are_refused) {
  EXPECT_EQ(messages({unicast("10.20.0.0/16", "127.0.0.1")}), one("error: 127.0.0.1 cannot be a gateway"));
  EXPECT_EQ(messages({unicast("10.20.0.0/16", "224.0.0.1")}), one("error: 224.0.0.1 cannot be a gateway"));
  EXPECT_EQ(messages({unicast("2001:db8::/32", "fe80::1")}), one("error: link-local gateway fe80::1 needs an interface"));
  EXPECT_EQ(messages({unicast("2001:db8::/32", "10.0.0.1")}), one("error: gateway 10.0.0.1 of an IPv6 route is IPv4"));
}

TEST(JudgeRoutes, a_route_that_leads_nowhere_and_a_blackhole_with_a_gateway_are_refused) {
  Route nowhere = unicast("10.20.0.0/16", "10.0.0.1");
  nowhere.value.nexthops.clear();
  EXPECT_EQ(messages({nowhere}), one("error: the route leads nowhere"));
  Route mixed = unicast("10.20.0.0/16", "10.0.0.1");
  mixed.value.type = RouteType::kBlackhole;
  EXPECT_EQ(messages({mixed}), one("error: a blackhole route has no gateway and no interface"));
}

TEST(JudgeRoutes, hostile_interface_names_are_refused_and_shown_escaped) {
  for (const char* name : {"..", "a/b", "a:b", "a b", "a\x7f", "a\x1b[2J"}) {
    EXPECT_EQ(messages({unicast("10.20.0.0/16", "10.0.0.1", name)}).size(), 1U) << name;
  }
  EXPECT_EQ(messages({unicast("10.20.0.0/16", "10.0.0.1", "a\x1b[2J")}),
            one("error: 'a\\x1b[2J' is not an interface name"));
}

TEST(JudgeRoutes, numbers_out_of_range_are_refused) {
  Route route = unicast("10.20.0.0/16", "10.0.0.1");
  route.value.mtu = 67;
  EXPECT_EQ(messages({route}), one("error: mtu 67 is out of range"));
  route.value.mtu = 1400;
  route.value.nexthops[0].weight = 257;
  EXPECT_EQ(messages({route}), one("error: weight 257 is out of range"));
}

TEST(JudgeRoutes, multicast_and_loopback_destinations_are_refused) {
  EXPECT_EQ(messages({unicast("224.0.0.0/8", "10.0.0.1")}).size(), 1U);
  EXPECT_EQ(messages({unicast("127.1.0.0/16", "10.0.0.1")}).size(), 1U);
}

TEST(JudgeRoutes, default_routes_that_may_cut_a_host_off_are_warned_about) {
  EXPECT_EQ(messages({blackhole("0.0.0.0/0")}),
            one("warning: a default route that drops cuts off everything without a route of its own"));
  RoutesIntent intent = enforce({unicast("0.0.0.0/0", "10.0.0.1")});
  EXPECT_TRUE(judge_routes(intent, {}).empty());
  intent.on_conflict = OnConflict::kTakeOver;
  ASSERT_EQ(judge_routes(intent, {}).size(), 1U);
  EXPECT_EQ(judge_routes(intent, {})[0].severity, LintSeverity::kWarning);
}

}  // namespace
}  // namespace ondol::routes
