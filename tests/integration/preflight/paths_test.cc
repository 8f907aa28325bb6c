// Ways that a plain lookup does not show: by source address, over several nexthops, and where the copy is not the host.
#include <linux/fib_rules.h>

#include <set>

#include "agent/preflight/scratch/request.h"
#include "tests/integration/preflight/preflight_host.h"

namespace ondol::preflight {
namespace {

using fixtures::run;

class Paths : public PreflightHost {
 protected:
  static RouteOp add_in_table(std::uint32_t table, Route route) {
    route.key.table = table;
    return add(route);
  }

  const trial::ReachTarget collector_ = target("collector", "10.9.0.5");
};

TEST_F(Paths, TheWayOutIsAskedWithTheSourceThatTheConnectionWillHave) {
  run("ip rule add from 10.0.0.1 lookup 100 priority 100");
  expect_refused(ask_host({add_in_table(100, route_nowhere("10.9.0.5/32", RouteType::kBlackhole))}, {collector_}), 0,
                 "adding blackhole 10.9.0.5/32 table 100 would cut off collector (10.9.0.5): a blackhole route takes it, "
                 "coming from 10.0.0.1");
}

TEST_F(Paths, TheLinkOfTheWayFromTheSourceNeedsACarrier) {
  run("ip rule add from 10.0.0.1 lookup 100 priority 100; ip link set peer1 down");
  settle_with(3);
  expect_refused(ask_host({add_in_table(100, route_to("10.9.0.0/16", "10.1.0.2", "eth1"))}, {collector_}), 0,
                 "adding 10.9.0.0/16 via 10.1.0.2 dev eth1 table 100 would cut off collector (10.9.0.5): its route leads over "
                 "eth1, which has no carrier");
}

TEST_F(Paths, TheLinkThatTheSourceLeadsToIsTold) {
  run("ip rule add from 10.0.0.1 lookup 100 priority 100; ip route add default via 10.1.0.2 table 100");
  const Verdict verdict = ask_host({}, {collector_});
  ASSERT_EQ(verdict.targets.size(), 1U);
  EXPECT_EQ(verdict.targets[0].before.interface.view(), "eth1");
  EXPECT_EQ(render(verdict.targets[0].before.source.value()), "10.0.0.1");
}

TEST_F(Paths, AnswersToCallersThatWouldLeaveOverALinkWithoutACarrierAreRefused) {
  run("ip route add default via 10.1.0.2 table 100; ip rule add from 10.0.0.1 lookup 101 priority 90;"
      "ip link set peer1 down; sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0");
  settle_with(3);
  const Verdict verdict = ask_host(
      {add(route_to("10.9.0.0/24", "10.0.0.3")), add_in_table(101, route_to("10.9.0.5/32", "10.1.0.2", "eth1"))},
      {target("bastion", "10.9.0.5", true)});
  ASSERT_EQ(verdict.judgement.refusals.size(), 1U);
  EXPECT_EQ(verdict.judgement.refusals[0].operation, 1U);
}

TEST_F(Paths, ALostNexthopOfSeveralIsToldAsALossOfAPart) {
  run("ip link set peer1 down");
  settle_with(3);
  Route both = route_to("10.9.0.0/24", "10.0.0.2", "eth0");
  both.value.nexthops.push_back(route_to("10.9.0.0/24", "10.1.0.2", "eth1").value.nexthops.front());
  expect_refused(ask_host({add(both)}, {collector_}), 0,
                 "adding " + routes::render(both) +
                     " would cut off a part of the connections to collector (10.9.0.5): 1 of 2 nexthops of its route lead over "
                     "links without a carrier, such as eth1");
}

TEST_F(Paths, ANexthopThatTheKernelPassesOverIsNotALoss) {
  run("sysctl -qw net.ipv4.conf.all.ignore_routes_with_linkdown=1; ip link set peer1 down");
  settle_with(3);
  Route both = route_to("10.9.0.0/24", "10.0.0.2", "eth0");
  both.value.nexthops.push_back(route_to("10.9.0.0/24", "10.1.0.2", "eth1").value.nexthops.front());
  expect_allowed(ask_host({add(both)}, {collector_}));
}

TEST_F(Paths, AHalfThatIsLostAlreadyIsNoReasonToRefuse) {
  run("ip route add 10.9.0.0/24 nexthop via 10.0.0.2 dev eth0 nexthop via 10.1.0.2 dev eth1; ip link set peer1 down");
  settle_with(3);
  expect_allowed(ask_host({add(route_to("10.50.0.0/16", "10.0.0.3"))}, {collector_}));
}

TEST_F(Paths, TheFirstRouteOfAKeyIsTheOneInUse) {
  run("ip route add 10.9.0.0/16 via 10.0.0.2; ip route append 10.9.0.0/16 dev eth1; ip route append blackhole 10.9.0.0/16");
  const Verdict verdict = ask_host({}, {collector_});
  expect_allowed(verdict);
  EXPECT_EQ(verdict.targets.at(0).before.interface.view(), "eth0");
}

TEST_F(Paths, WhereAChangeCannotBeTakenBackNoOperationIsBlamedAlone) {
  // Taken back last first, the second finds its gateway without the route of the first.
  run("ip route add 172.16.0.0/24 dev eth0 proto 79; ip route add 10.60.0.0/16 via 172.16.0.1 proto 79");
  const Verdict verdict = ask_host({remove(route_to("172.16.0.0/24", "", "eth0")),
                                    remove(route_to("10.60.0.0/16", "172.16.0.1", "eth0")),
                                    add(route_nowhere("10.9.0.5/32", RouteType::kBlackhole))},
                                   {collector_});
  ASSERT_EQ(verdict.judgement.refusals.size(), 1U);
  EXPECT_EQ(verdict.judgement.refusals[0].operation, trial::kNoneAlone);
  EXPECT_EQ(verdict.judgement.refusals[0].reason,
            "together these changes would cut off collector (10.9.0.5): a blackhole route takes it");
}

TEST_F(Paths, WhatWaitsForAnAbsentLinkIsJudgedWithTheLinkThere) {
  run("sysctl -qw net.ipv4.conf.eth0.rp_filter=1");
  const std::vector<RouteOp> waiting{add(route_to("10.9.0.0/24", "10.2.0.2", "eth7"))};
  const Verdict allowed = ask_host(waiting, {collector_});
  EXPECT_TRUE(allowed.judgement.refusals.empty());
  EXPECT_EQ(allowed.judgement.notes.size(), 1U);
  const Verdict verdict = ask_host(waiting, {target("bastion", "10.9.0.5", true)});
  ASSERT_EQ(verdict.judgement.refusals.size(), 1U);
  EXPECT_EQ(verdict.judgement.refusals[0].operation, 0U);
  EXPECT_EQ(verdict.judgement.refusals[0].reason,
            "adding 10.9.0.0/24 via 10.2.0.2 dev eth7 would cut off bastion (10.9.0.5) once eth7 is there: its connections to "
            "10.0.0.1 come in by eth0 and would be dropped by its reverse path filter");
  expect_allowed(ask_host({add(route_to("10.50.0.0/16", "10.0.0.3"))}, {collector_}));  // the link is gone again
}

TEST_F(Paths, WhatWaitsForALinkThatIsDownIsJudgedWithTheLinkUp) {
  run("sysctl -qw net.ipv4.conf.eth0.rp_filter=1; ip link set eth1 down");
  settle_with(3);
  for (const char* link : {"eth1", ""}) {
    const RouteOp waiting = add(route_to("10.9.0.0/24", "10.1.0.2", link));
    const Verdict verdict = ask_host({add(route_to("10.50.0.0/16", "10.0.0.3")), waiting},
                                     {collector_, target("bastion", "10.9.0.5", true)});
    ASSERT_EQ(verdict.judgement.refusals.size(), 1U) << link;
    EXPECT_EQ(verdict.judgement.refusals[0].operation, 1U);
    EXPECT_EQ(verdict.judgement.refusals[0].reason,
              "adding " + routes::render(waiting.route) +
                  " would cut off bastion (10.9.0.5) once eth1 is there: its connections to 10.0.0.1 come in by eth0 and would "
                  "be dropped by its reverse path filter");
  }
}

TEST_F(Paths, ARouteThatSaysLargerPacketsThanItsLinkTakesIsRefused) {
  run("ip link set eth1 mtu 9000");
  Route large = route_to("10.9.0.0/24", "10.0.0.2", "eth0");
  large.value.mtu = 9000;
  expect_refused(ask_host({add(large)}, {collector_}), 0,
                 "adding " + routes::render(large) +
                     " would cut off a part of the connections to collector (10.9.0.5): its route says packets of 9000 bytes, "
                     "and eth0 takes 1500 at most");
  Route fitting = route_to("10.9.0.0/24", "10.1.0.2", "eth1");
  fitting.value.mtu = 9000;
  expect_allowed(ask_host({add(fitting)}, {collector_}));
}

TEST_F(Paths, AResilientGroupIsCopiedWithItsBuckets) {
  run("ip nexthop add id 7 via 10.0.0.2 dev eth0; ip nexthop add id 8 via 10.1.0.2 dev eth1;"
      "ip nexthop add id 20 group 7/8 type resilient buckets 8 idle_timer 60; ip route add 10.9.0.0/24 nhid 20");
  const Verdict verdict = ask_host({}, {collector_});
  expect_allowed(verdict);
  EXPECT_TRUE(verdict.targets.at(0).before.there);
}

TEST_F(Paths, TheFirstRouteOfAKeyStaysFirstWhenItsGatewayComesLater) {
  // In a dump the routes to 10.9.0.0/16 come before the one that leads to a gateway of theirs.
  run("ip route add 172.16.0.0/24 scope link nexthop dev eth1 nexthop dev eth1; ip route add 10.9.0.0/16 via 172.16.0.1 dev eth1;"
      "ip route append 10.9.0.0/16 via 10.0.0.3");
  const Verdict verdict = ask_host({}, {collector_});
  expect_allowed(verdict);
  EXPECT_EQ(verdict.targets.at(0).before.interface.view(), "eth1");
}

TEST_F(Paths, LinksThatNothingNamesAreLeftOut) {
  for (const std::string name : {"idle", "ruled", "named", "hop", "wanted"}) run("ip link add " + name + " type veth");
  run("ip rule add iif ruled lookup 100; ip link set named up; ip link set hop up; ip route add 10.66.0.0/16 dev named;"
      "ip route add 10.67.0.0/16 nexthop dev hop nexthop dev named");
  const auto question = read_host(std::vector{add(route_to("10.50.0.0/16", "", "wanted"))}, {});
  ASSERT_TRUE(question);
  std::set<std::string> names;
  for (const HostLink& link : question->links) names.emplace(link.name.view());
  for (const char* name : {"lo", "eth0", "eth1", "ruled", "named", "hop", "wanted"}) EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_FALSE(names.contains("idle"));
}

TEST_F(Paths, ARuleThatIsNotWhollyKnownCannotBeJudged) {
  auto question = read_host({}, std::vector{collector_});
  ASSERT_TRUE(question);
  fib_rule_hdr fixed{};
  fixed.family = AF_INET;
  fixed.table = 100;
  fixed.action = FR_ACT_TO_TBL;
  constexpr std::uint16_t kDscp = 28;
  Request rule(RTM_NEWRULE, 0, fixed);
  rule.put_number<std::uint8_t>(kDscp, 8);
  rule.write_to(question->rules, 0, false);
  const auto verdict = ask(socket_path_, *question);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::kUnavailable);
  EXPECT_EQ(verdict.error().message,
            "a policy rule of this host has the attribute 28, which is not known here: it cannot judge");
}

}  // namespace
}  // namespace ondol::preflight
