// The kernel of a scratch namespace judges changes of a host's routes; the host itself never moves.
#include "tests/integration/preflight/preflight_host.h"

namespace ondol::preflight {
namespace {

using fixtures::run;

class Judge : public PreflightHost {
 protected:
  const trial::ReachTarget collector_ = target("collector", "10.9.0.5");
};

TEST_F(Judge, NothingToDoIsAllowed) { expect_allowed(ask_host({}, {collector_})); }

TEST_F(Judge, RemovingTheOnlyRouteToTheCollectorIsRefusedByName) {
  run("ip route del default; ip route add 10.9.0.0/16 via 10.0.0.2 proto 79");
  const Route way = route_to("10.9.0.0/16", "10.0.0.2", "eth0");
  const Verdict verdict = ask_host({add(route_to("10.50.0.0/16", "10.0.0.3")), remove(way)}, {collector_});
  expect_refused(verdict, 1,
                 "removing 10.9.0.0/16 via 10.0.0.2 dev eth0 would cut off collector (10.9.0.5): no route leads to it");
  ASSERT_EQ(verdict.targets.size(), 1U);
  EXPECT_TRUE(verdict.targets[0].before.there);
  EXPECT_EQ(verdict.targets[0].before.interface.view(), "eth0");
  EXPECT_EQ(render(verdict.targets[0].before.gateway.value()), "10.0.0.2");
  EXPECT_FALSE(verdict.targets[0].after.there);
}

TEST_F(Judge, RemovingOneOfTwoWaysIsAllowed) {
  run("ip route add 10.9.0.0/16 via 10.0.0.2 proto 79");
  const Verdict verdict = ask_host({remove(route_to("10.9.0.0/16", "10.0.0.2", "eth0"))}, {collector_});
  expect_allowed(verdict);
  EXPECT_EQ(render(verdict.targets[0].after.gateway.value()), "10.0.0.254");
}

TEST_F(Judge, ABlackholeOverOneAddressIsRefused) {
  const Verdict verdict = ask_host({add(route_nowhere("192.0.2.0/24", RouteType::kBlackhole)),
                                    add(route_nowhere("10.9.0.5/32", RouteType::kBlackhole))},
                                   {collector_});
  expect_refused(verdict, 1,
                 "adding blackhole 10.9.0.5/32 would cut off collector (10.9.0.5): a blackhole route takes it");
}

TEST_F(Judge, UnreachableAndProhibitRoutesAreRefused) {
  expect_refused(ask_host({add(route_nowhere("10.9.0.0/24", RouteType::kUnreachable))}, {collector_}), 0,
                 "adding unreachable 10.9.0.0/24 would cut off collector (10.9.0.5): an unreachable route takes it");
  expect_refused(ask_host({add(route_nowhere("10.9.0.0/24", RouteType::kProhibit))}, {collector_}), 0,
                 "adding prohibit 10.9.0.0/24 would cut off collector (10.9.0.5): a prohibit route takes it");
}

TEST_F(Judge, ACloserRouteThatStillLeadsThereIsAllowed) {
  const Verdict verdict = ask_host({add(route_to("10.9.0.0/24", "10.1.0.2"))}, {collector_});
  expect_allowed(verdict);
  EXPECT_EQ(verdict.targets[0].after.interface.view(), "eth1");
  EXPECT_EQ(render(verdict.targets[0].after.source.value()), "10.1.0.1");
}

TEST_F(Judge, ABlackholeIsAllowedWhereACloserRouteOfTheSameChangeLeadsThere) {
  expect_allowed(ask_host({add(route_to("10.9.0.5/32", "10.1.0.2")), add(route_nowhere("10.9.0.0/16", RouteType::kBlackhole))},
                          {collector_}));
}

TEST_F(Judge, EveryOperationThatCutsOffIsNamedWithAllThatItCosts) {
  const auto bastion = target("bastion 10.9.0.6", "10.9.0.6");
  const Verdict verdict = ask_host({add(route_nowhere("10.9.0.0/16", RouteType::kBlackhole)),
                                    add(route_to("10.50.0.0/16", "10.0.0.3")),
                                    add(route_nowhere("10.9.0.5/32", RouteType::kProhibit))},
                                   {collector_, bastion});
  ASSERT_EQ(verdict.judgement.refusals.size(), 2U);
  EXPECT_EQ(verdict.judgement.refusals[0].operation, 0U);
  EXPECT_EQ(verdict.judgement.refusals[0].reason,
            "adding blackhole 10.9.0.0/16 would cut off collector (10.9.0.5), bastion 10.9.0.6: a blackhole route takes it");
  EXPECT_EQ(verdict.judgement.refusals[1].operation, 2U);
}

TEST_F(Judge, AnswersThatTheReversePathFilterDropsAreRefused) {
  run("sysctl -qw net.ipv4.conf.eth0.rp_filter=1");
  Route way = route_to("10.9.0.0/24", "10.1.0.2", "eth1");
  way.value.preferred_source = parse_address("10.0.0.1").value();
  expect_refused(ask_host({add(way)}, {collector_}), 0,
                 "adding 10.9.0.0/24 via 10.1.0.2 dev eth1 src 10.0.0.1 would cut off collector (10.9.0.5): answers to "
                 "10.0.0.1 come in by eth0 and would be dropped by its reverse path filter");
}

TEST_F(Judge, WhoCallsUsKeepsTheAddressAndTheLinkOfToday) {
  run("sysctl -qw net.ipv4.conf.eth0.rp_filter=1");
  const std::vector<RouteOp> elsewhere{add(route_to("10.9.0.0/24", "10.1.0.2"))};
  expect_allowed(ask_host(elsewhere, {collector_}));
  expect_refused(ask_host(elsewhere, {target("bastion", "10.9.0.5", true)}), 0,
                 "adding 10.9.0.0/24 via 10.1.0.2 would cut off bastion (10.9.0.5): its connections to 10.0.0.1 come in "
                 "by eth0 and would be dropped by its reverse path filter");
  run("sysctl -qw net.ipv4.conf.eth0.rp_filter=2");
  expect_allowed(ask_host(elsewhere, {target("bastion", "10.9.0.5", true)}));
}

TEST_F(Judge, WhereAnswersDoNotComeInTodayEitherTheWayOutIsJudged) {
  run("ip route add 10.9.0.0/16 via 10.1.0.2 dev eth1 src 10.0.0.1; sysctl -qw net.ipv4.conf.eth0.rp_filter=1");
  const Verdict verdict = ask_host({add(route_nowhere("10.9.0.5/32", RouteType::kBlackhole))}, {collector_});
  ASSERT_EQ(verdict.judgement.refusals.size(), 1U);
  EXPECT_EQ(verdict.judgement.refusals[0].reason,
            "adding blackhole 10.9.0.5/32 would cut off collector (10.9.0.5): a blackhole route takes it");
  EXPECT_EQ(verdict.judgement.notes,
            (std::vector<std::string>{"collector (10.9.0.5) is judged by the way out alone: answers to 10.0.0.1 come in by "
                                      "eth0 and would be dropped by its reverse path filter"}));
}

TEST_F(Judge, ACopyThatDoesNotReachWhatTheHostReachesIsNotBelieved) {
  // A default route whose gateway nothing leads to any more: the kernel keeps it and makes no other like it.
  run("ip route del default; ip route add 172.16.0.0/24 dev eth0; ip route add default via 172.16.0.1;"
      "ip route del 172.16.0.0/24");
  const auto verdict = judge_in_scratch(socket_path_, {}, std::vector{collector_});
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::kUnavailable);
  EXPECT_EQ(verdict.error().message,
            "the copy of this host in the scratch namespace reaches collector not at all, the host by eth0 via 172.16.0.1 from "
            "10.0.0.1: it cannot judge");
}

TEST_F(Judge, AGatewayThatIsNotOnTheLinkIsRefusedInTheKernelsWords) {
  expect_refused(ask_host({add(route_to("10.50.0.0/16", "172.16.0.1"))}, {collector_}), 0,
                 "adding 10.50.0.0/16 via 172.16.0.1 would fail: Nexthop has invalid gateway");
}

TEST_F(Judge, AGatewayThatARouteOfTheSameChangeReachesIsAllowed) {
  expect_allowed(ask_host({add(route_to("172.16.0.0/24", "", "eth1")), add(route_to("10.50.0.0/16", "172.16.0.1"))},
                          {collector_}));
}

TEST_F(Judge, WhatWaitsForALinkIsSaidAndNotRefused) {
  run("ip link set eth1 down");
  settle_with(3);
  const Verdict verdict = ask_host({add(route_to("10.50.0.0/16", "10.1.0.2", "eth1")), add(route_to("10.51.0.0/16", "10.1.0.2")),
                                    add(route_to("10.52.0.0/16", "10.2.0.2", "eth7"))},
                                   {collector_});
  EXPECT_TRUE(verdict.judgement.refusals.empty());
  EXPECT_EQ(verdict.judgement.notes,
            (std::vector<std::string>{"adding 10.50.0.0/16 via 10.1.0.2 dev eth1 waits: eth1 is down",
                                      "adding 10.51.0.0/16 via 10.1.0.2 waits: eth1 is down",
                                      "adding 10.52.0.0/16 via 10.2.0.2 dev eth7 waits: eth7 is not there"}));
}

TEST_F(Judge, ARouteOverALinkWithoutACarrierIsRefused) {
  run("ip link set peer1 down");
  settle_with(3);
  expect_refused(ask_host({add(route_to("10.9.0.0/24", "10.1.0.2"))}, {collector_}), 0,
                 "adding 10.9.0.0/24 via 10.1.0.2 would cut off collector (10.9.0.5): its route leads over eth1, which has "
                 "no carrier");
}

TEST_F(Judge, PolicyRulesDecideAsOnTheHost) {
  run("ip rule add to 10.9.0.0/16 table 100 priority 100; ip route add default via 10.0.0.2 table 100 proto 79");
  expect_allowed(ask_host({add(route_nowhere("10.9.0.0/16", RouteType::kBlackhole))}, {collector_}));
  Route closer = route_nowhere("10.9.0.5/32", RouteType::kBlackhole);
  closer.key.table = 100;
  expect_refused(ask_host({add(closer)}, {collector_}), 0,
                 "adding blackhole 10.9.0.5/32 table 100 would cut off collector (10.9.0.5): a blackhole route takes it");
  Route only = route_to("0.0.0.0/0", "10.0.0.2", "eth0");
  only.key.table = 100;
  expect_allowed(ask_host({remove(only)}, {collector_}));  // main has a default route
}

TEST_F(Judge, TwoQuestionsDoNotMix) {
  run("ip address add 10.255.0.1/32 dev lo; ip rule add from 10.255.0.1 table 101 priority 101;"
      "ip route add blackhole 198.51.100.0/24; ip nexthop add id 7 via 10.0.0.2 dev eth0; ip route add 10.8.0.0/16 nhid 7;"
      "ip nexthop add id 8 blackhole; ip route add 10.7.0.0/16 nhid 8; ip nexthop add id 9 via 10.0.0.3 dev eth0 proto static");
  const auto inside = target("inside", "10.8.0.1");
  expect_allowed(ask_host({add(route_to("10.50.0.0/16", "10.0.0.3"))}, {collector_, inside}));
  run("ip route del 10.8.0.0/16; ip nexthop del id 7; ip route del 10.7.0.0/16; ip nexthop del id 8; ip nexthop del id 9; ip route del blackhole 198.51.100.0/24; ip rule del priority 101;"
      "ip address del 10.255.0.1/32 dev lo; ip route del default");
  const Verdict verdict = ask_host({}, {collector_, inside});
  EXPECT_EQ(verdict.judgement.notes,
            (std::vector<std::string>{
                "collector (10.9.0.5) is not reached now, so nothing can be said of it: no route leads to it",
                "inside (10.8.0.1) is not reached now, so nothing can be said of it: no route leads to it"}));
  const auto again = ask_host({add(route_to("10.50.0.0/16", "10.0.0.3"))}, {});
  expect_allowed(again);
}

TEST_F(Judge, ReplacingTheDefaultRouteByADeadEndIsRefused) {
  run("ip route del default; ip route add default via 10.0.0.254 proto 79");
  const Route old = route_to("0.0.0.0/0", "10.0.0.254", "eth0");
  routes::ObservedRoute before = observed(old, routes::kOurProtocol);
  before.route.value.scope = 0;
  expect_refused(ask_host({replace(route_nowhere("0.0.0.0/0", RouteType::kUnreachable), before)}, {collector_}), 0,
                 "replacing 0.0.0.0/0 via 10.0.0.254 dev eth0 scope global by unreachable 0.0.0.0/0 would cut off collector "
                 "(10.9.0.5): an unreachable route takes it");
}

TEST_F(Judge, AnAddThatTheHostHoldsAlreadyIsRefusedWithItsHolder) {
  run("ip route add 10.50.0.0/16 via 10.0.0.7 proto bird");
  expect_refused(ask_host({add(route_to("10.50.0.0/16", "10.0.0.2"))}, {collector_}), 0,
                 "adding 10.50.0.0/16 via 10.0.0.2 would fail: 10.50.0.0/16 is held by a bird route");
}

TEST_F(Judge, Ipv6IsJudgedAsWell) {
  run("ip -6 route add 2001:db8:9::/48 via 2001:db8::2 proto 79; ip -6 route add 2001:db8:8::/48 via fe80::2 dev eth0 proto ra");
  const auto six = target("collector", "2001:db8:9::5");
  const auto other = target("dns", "2001:db8:8::53");
  expect_allowed(ask_host({add(route_to("2001:db8:50::/48", "2001:db8::3"))}, {six, other}));
  expect_refused(ask_host({remove(route_to("2001:db8:9::/48", "2001:db8::2", "eth0"))}, {six, other}), 0,
                 "removing 2001:db8:9::/48 via 2001:db8::2 dev eth0 metric 1024 would cut off collector (2001:db8:9::5): no "
                 "route leads to it");
  expect_refused(ask_host({add(route_nowhere("2001:db8:8::53/128", RouteType::kBlackhole))}, {six, other}), 0,
                 "adding blackhole 2001:db8:8::53/128 metric 1024 would cut off dns (2001:db8:8::53): a blackhole route takes it");
}

TEST_F(Judge, TwoThousandRoutesAndAsManyOperationsAreJudged) {
  std::string batch;
  for (int i = 0; i < 2000; ++i) batch += fmt::format("route add 10.{}.{}.0/24 via 10.0.0.2 proto 79\n", 100 + i / 256, i % 256);
  fixtures::write_text(dir_ / "batch", batch);
  run("ip -batch " + dir_ / "batch");
  std::vector<RouteOp> operations;
  for (int i = 0; i < 2000; ++i) {
    operations.push_back(remove(route_to(fmt::format("10.{}.{}.0/24", 100 + i / 256, i % 256), "10.0.0.2", "eth0")));
  }
  operations.insert(operations.begin() + 1234, add(route_nowhere("10.9.0.0/16", RouteType::kBlackhole)));
  expect_refused(ask_host(operations, {collector_}), 1234,
                 "adding blackhole 10.9.0.0/16 would cut off collector (10.9.0.5): a blackhole route takes it");
}

TEST_F(Judge, AHostWithHundredsOfLinksIsJudgedInTime) {
  std::string batch;
  for (int i = 0; i < 150; ++i) {
    batch += fmt::format("link add pod{0} up type veth peer name in{0}\nlink set in{0} up\n", i);
    batch += fmt::format("route add 10.77.{}.0/24 dev pod{} scope link\n", i, i);
  }
  fixtures::write_text(dir_ / "batch", batch);
  run("ip -batch " + (dir_ / "batch"));
  settle_with(305);
  expect_refused(ask_host({add(route_nowhere("10.77.33.7/32", RouteType::kBlackhole))}, {target("pod", "10.77.33.7")}), 0,
                 "adding blackhole 10.77.33.7/32 would cut off pod (10.77.33.7): a blackhole route takes it");
}

TEST_F(Judge, MoreRefusalsThanAnAnswerHoldsAreCounted) {
  std::vector<RouteOp> operations;
  for (int i = 0; i < 300; ++i) operations.push_back(add(route_to(fmt::format("10.{}.0.0/24", i % 250 + 2), "172.16.0.1")));
  const Verdict verdict = ask_host(operations, {collector_});
  EXPECT_EQ(verdict.judgement.refusals.size(), 256U);
  EXPECT_EQ(verdict.judgement.notes, (std::vector<std::string>{"44 more refusals than are told"}));
}

TEST_F(Judge, OneCallDoesItAll) {
  const auto verdict = judge_in_scratch(socket_path_, std::vector{add(route_nowhere("10.9.0.5/32", RouteType::kBlackhole))},
                                        std::vector{collector_});
  ASSERT_TRUE(verdict) << render(verdict.error());
  ASSERT_EQ(verdict->refusals.size(), 1U);
  EXPECT_EQ(verdict->refusals[0].operation, 0U);
}

TEST_F(Judge, TheDefaultGatewayIsALocalTarget) {
  run("ip -6 route add default via fe80::1 dev eth0");
  const auto targets = local_targets();
  ASSERT_GE(targets.size(), 2U);
  EXPECT_EQ(targets[0].name, "default gateway 10.0.0.254");
  EXPECT_EQ(targets[1].name, "default gateway fe80::1");
}

}  // namespace
}  // namespace ondol::preflight
