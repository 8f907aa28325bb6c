#include "tests/integration/host_routes/route_host.h"

namespace ondol::routes {
namespace {

using fixtures::run;

class ApplyRoutes : public RouteHost {
 protected:
  void expect_round_trip(const Route& wanted) {
    SCOPED_TRACE(render(wanted));
    apply_all({add(wanted)});
    const auto found = holders(wanted.key, {wanted.key.table});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].protocol, kOurProtocol);
    EXPECT_TRUE(satisfies(found[0].route.value, wanted.value)) << render(found[0].route);
    // What was read is as good as what was written: that is how an inverse puts things back.
    apply_all({remove(found[0].route)});
    EXPECT_TRUE(holders(wanted.key, {wanted.key.table}).empty());
    apply_all({add(found[0].route)});
    EXPECT_EQ(holders(wanted.key, {wanted.key.table}), found);
    apply_all({remove(found[0].route)});
  }
};

TEST_F(ApplyRoutes, AGatewayRouteComesBackAsItWasWritten) {
  expect_round_trip(route_to("10.20.0.0/16", "10.0.0.2"));
  expect_round_trip(route_to("10.20.0.0/16", "10.0.0.2", "eth0"));
  expect_round_trip(route_to("2001:db8:20::/48", "2001:db8::2"));
  expect_round_trip(route_to("2001:db8:20::/48", "fe80::2", "eth0"));
}

TEST_F(ApplyRoutes, ADeviceRouteAndTheDefaultRouteComeBackAsTheyWereWritten) {
  expect_round_trip(route_to("10.21.0.0/16", "", "eth0"));
  expect_round_trip(route_to("2001:db8:21::/48", "", "eth0"));
  expect_round_trip(route_to("0.0.0.0/0", "10.0.0.2"));
  expect_round_trip(route_to("::/0", "2001:db8::2"));
  expect_round_trip(route_to("10.9.9.9/32", "10.0.0.2"));
  expect_round_trip(route_to("2001:db8:9::9/128", "2001:db8::2"));
}

TEST_F(ApplyRoutes, RoutesThatGoNowhereComeBackAsTheyWereWritten) {
  for (const RouteType type : {RouteType::kBlackhole, RouteType::kUnreachable, RouteType::kProhibit}) {
    expect_round_trip(route_nowhere("192.0.2.0/24", type));
    expect_round_trip(route_nowhere("2001:db8:bad::/48", type));
  }
}

TEST_F(ApplyRoutes, SeveralNexthopsWithWeightsComeBackInAnyOrder) {
  Route ipv4 = route_to("10.22.0.0/16", "10.0.0.9");
  ipv4.value.nexthops.push_back(nexthop_via("10.0.0.3", 7));
  ipv4.value.nexthops.push_back(nexthop_via("10.0.0.2", 256));
  normalise(ipv4);
  expect_round_trip(ipv4);
  Route ipv6 = route_to("2001:db8:22::/48", "2001:db8::9");
  ipv6.value.nexthops.push_back(nexthop_via("2001:db8::3", 7));
  normalise(ipv6);
  expect_round_trip(ipv6);
}

TEST_F(ApplyRoutes, OnlinkGatewaysNeedNoConnectedRoute) {
  Route route = route_to("10.23.0.0/16", "172.16.0.1", "eth0");
  route.value.nexthops[0].onlink = true;
  expect_round_trip(route);
  Route many = route_to("10.24.0.0/16", "172.16.0.1", "eth0");
  many.value.nexthops[0].onlink = true;
  many.value.nexthops.push_back(nexthop_via("10.0.0.3"));
  normalise(many);
  expect_round_trip(many);
}

TEST_F(ApplyRoutes, MetricTableSourceAndMtuComeBackAsTheyWereWritten) {
  Route metric = route_to("10.25.0.0/16", "10.0.0.2");
  metric.key.metric = 4294967295;
  expect_round_trip(metric);
  Route table = route_to("10.25.0.0/16", "10.0.0.2");
  for (const std::uint32_t id : {100U, 252U, 256U, 4294967294U}) {
    table.key.table = id;
    expect_round_trip(table);
  }
  Route source = route_to("10.25.0.0/16", "10.0.0.2");
  source.value.preferred_source = parse_address("10.0.0.1").value();
  source.value.mtu = 1400;
  expect_round_trip(source);
  Route ipv6 = route_to("2001:db8:25::/48", "2001:db8::2");
  ipv6.value.preferred_source = parse_address("2001:db8::1").value();
  ipv6.value.mtu = 1300;
  ipv6.key.metric = 77;
  expect_round_trip(ipv6);
}

TEST_F(ApplyRoutes, AScopeThatIntentNamesIsWritten) {
  Route route = route_to("10.26.0.0/16", "", "eth0");
  route.value.scope = 200;
  expect_round_trip(route);
}

TEST_F(ApplyRoutes, AnIpv6SourcePrefixIsPartOfTheKey) {
  Route route = route_to("2001:db8:27::/48", "2001:db8::2");
  route.key.source = parse_prefix("2001:db8:1::/64").value();
  expect_round_trip(route);
  Route everywhere = route_to("::/0", "2001:db8::2");
  everywhere.key.source = route.key.source;
  expect_round_trip(everywhere);
}

TEST_F(ApplyRoutes, AnIpv4RouteGoesThroughAnIpv6Gateway) {
  Route route = route_to("10.28.0.0/16", "fe80::2", "eth0");
  expect_round_trip(route);
  route.value.nexthops.push_back(nexthop_via("10.0.0.3"));
  normalise(route);
  expect_round_trip(route);
}

TEST_F(ApplyRoutes, AnEncapsulationIsKeptByteForByte) {
  run("ip -6 route add 2001:db8:29::/48 encap seg6 mode encap segs 2001:db8::5 dev eth0 proto 79");
  RouteKey key = route_to("2001:db8:29::/48", "").key;
  const auto found = holders(key);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].route.value.nexthops.at(0).encapsulation.substr(0, 4), "0005");
  run("ip -6 route del 2001:db8:29::/48");
  apply_all({add(found[0].route)});
  EXPECT_EQ(holders(key), found);
}

TEST_F(ApplyRoutes, ARouteThroughANexthopObjectShowsTheNexthopsItStandsFor) {
  run("ip nexthop add id 1 via 10.0.0.2 dev eth0; ip nexthop add id 2 via 10.0.0.3 dev eth0;"
      "ip nexthop add id 3 group 1,5/2; ip route add 10.30.0.0/16 nhid 1 proto static;"
      "ip route add 10.31.0.0/16 nhid 3 proto static");
  const auto check = [this] {
    const auto one = holders(route_to("10.30.0.0/16", "").key);
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(render(one[0].route.value.nexthops.at(0).gateway.value()), "10.0.0.2");
    EXPECT_EQ(one[0].route.value.nexthops[0].interface.view(), "eth0");
    const auto group = holders(route_to("10.31.0.0/16", "").key);
    ASSERT_EQ(group.size(), 1U);
    ASSERT_EQ(group[0].route.value.nexthops.size(), 2U);
    EXPECT_EQ(group[0].route.value.nexthops[0].weight, 5);
  };
  check();
  run("sysctl -qw net.ipv4.nexthop_compat_mode=0");
  check();
}

TEST_F(ApplyRoutes, AnAddNeverTakesAForeignRoutesPlace) {
  run("ip route add 10.40.0.0/16 via 10.0.0.7 proto static");
  const OpFailure failure = only_failure({add(route_to("10.40.0.0/16", "10.0.0.2"))});
  EXPECT_TRUE(failure.conflict);
  EXPECT_FALSE(failure.waiting);
  EXPECT_EQ(failure.error_number, EEXIST);
  EXPECT_EQ(holders(route_to("10.40.0.0/16", "").key).at(0).protocol, kProtocolStatic);
}

TEST_F(ApplyRoutes, ATakeOverLeavesNoMomentWithoutTheRoute) {
  run("ip route add 10.41.0.0/16 via 10.0.0.7 proto static; ip -6 route add 2001:db8:41::/48 via 2001:db8::7 "
      "proto boot");
  const Route wanted = route_to("10.41.0.0/16", "10.0.0.2");
  const Route wanted6 = route_to("2001:db8:41::/48", "2001:db8::2");
  auto other = open_route_socket({});
  ASSERT_TRUE(other);
  apply_all({replace(wanted, holders(wanted.key).at(0)), replace(wanted6, holders(wanted6.key).at(0))});
  const auto seen = (*other)->drain();
  ASSERT_EQ(seen.changes.size(), 2U);  // no delete among them: the kernel swapped the routes in place
  for (const SeenChange& change : seen.changes) EXPECT_EQ(change.kind, session::ChangeKind::kReplaced);
  for (const Route& route : {wanted, wanted6}) {
    ASSERT_EQ(holders(route.key).size(), 1U);
    EXPECT_EQ(holders(route.key)[0].protocol, kOurProtocol);
    EXPECT_TRUE(satisfies(holders(route.key)[0].route.value, route.value));
  }
}

TEST_F(ApplyRoutes, ASatisfiedRouteIsMarkedAsOursInPlace) {
  run("ip route add 10.42.0.0/16 via 10.0.0.2 proto static; ip -6 route add 2001:db8:42::/48 via 2001:db8::2 "
      "proto static");
  for (const std::string destination : {"10.42.0.0/16", "2001:db8:42::/48"}) {
    const ObservedRoute before = holders(route_to(destination, "").key).at(0);
    apply_all({replace(before.route, before)});
    const auto after = holders(before.route.key);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].protocol, kOurProtocol);
    EXPECT_EQ(after[0].route, before.route);
  }
}

TEST_F(ApplyRoutes, AReplaceNeverTouchesAKeyThatAnUncomparedRouteHoldsToo) {
  run("ip route append 10.0.0.0/24 via 10.0.0.7 proto static;"
      "ip route add 10.60.0.0/16 via 10.0.0.7 proto bird; ip route append 10.60.0.0/16 via 10.0.0.8 proto static;"
      "ip route add 10.61.0.0/16 via 10.0.0.8 proto static; ip route append 10.61.0.0/16 via 10.0.0.7 proto dhcp;"
      "ip -6 route add 2001:db8:60::/48 via 2001:db8::7 metric 1024 proto ra;"
      "ip -6 route append unreachable 2001:db8:60::/48 metric 1024 proto static");
  const std::string before = fixtures::output_of("ip route show; ip -6 route show");
  std::vector<RouteOp> operations;
  for (const std::string destination : {"10.0.0.0/24", "10.60.0.0/16", "10.61.0.0/16", "2001:db8:60::/48"}) {
    const auto held = holders(route_to(destination, "").key);
    ASSERT_EQ(held.size(), 1U) << destination;
    operations.push_back(replace(held[0].route, held[0]));
  }
  const ApplyReport report = socket_->apply(operations);
  ASSERT_EQ(report.failures.size(), operations.size());
  for (const OpFailure& failure : report.failures) EXPECT_TRUE(failure.conflict);
  EXPECT_EQ(report.failures[0].text, "10.0.0.0/24 is also held by a kernel route: not replaced");
  EXPECT_EQ(report.failures[3].text, "2001:db8:60::/48 is also held by a ra route: not replaced");
  EXPECT_EQ(fixtures::output_of("ip route show; ip -6 route show"), before);
}

TEST_F(ApplyRoutes, AReplaceMeansTheRouteThatWasRead) {
  run("ip route add 10.62.0.0/16 via 10.0.0.7 proto static");
  const Route wanted = route_to("10.62.0.0/16", "10.0.0.2");
  const ObservedRoute read = holders(wanted.key).at(0);
  run("ip route replace 10.62.0.0/16 via 10.0.0.8 proto static");
  EXPECT_TRUE(only_failure({replace(wanted, read)}).conflict);
  EXPECT_EQ(render(holders(wanted.key).at(0).route.value.nexthops.at(0).gateway.value()), "10.0.0.8");
  // Another compared route behind the one that is meant is in no danger.
  run("ip route append 10.62.0.0/16 via 10.0.0.9 proto static");
  apply_all({replace(wanted, holders(wanted.key).at(0))});
  ASSERT_EQ(holders(wanted.key).size(), 2U);
  EXPECT_EQ(render(holders(wanted.key)[1].route.value.nexthops.at(0).gateway.value()), "10.0.0.9");
}

TEST_F(ApplyRoutes, ARouteThatCouldNotBePutBackIsKnownAndLeftAlone) {
  run("ip route add 10.70.0.0/16 via 10.0.0.2 proto static initcwnd 30;"
      "ip route add 10.71.0.0/16 via 10.0.0.2 proto static realms 5;"
      "ip route add 10.72.0.0/16 via 10.0.0.2 proto static mtu lock 1400;"
      "ip nexthop add id 7 via 10.0.0.2 dev eth0; ip route add 10.73.0.0/16 nhid 7 proto static;"
      "ip -6 route add 2001:db8:70::/48 via 2001:db8::2 proto static pref high;"
      "ip -6 route add 2001:db8:71::/48 via 2001:db8::2 proto static expires 300");
  RoutesIntent intent;
  intent.mode = Mode::kEnforce;
  intent.on_conflict = OnConflict::kTakeOver;
  intent.unlisted = Unlisted::kRemove;
  const RouteSnapshot there = snapshot();
  ASSERT_EQ(there.routes.size(), 6U);
  for (const ObservedRoute& route : there.routes) EXPECT_NE(route.route.value.unmodelled, "") << render(route.route);
  EXPECT_TRUE(plan_routes(intent, there, {}).operations.empty());
  for (const ObservedRoute& route : there.routes) {
    intent.routes.push_back(route.route);
    intent.routes.back().value.unmodelled.clear();
  }
  const RoutePlan plan = plan_routes(intent, there, {});
  EXPECT_TRUE(plan.operations.empty());
  EXPECT_EQ(plan.left_alone.size(), 6U);
}

TEST_F(ApplyRoutes, OurOwnRouteLosesTheAttributesSomebodyGaveIt) {
  const Route wanted = route_to("10.74.0.0/16", "10.0.0.2");
  apply_all({add(wanted)});
  EXPECT_EQ(holders(wanted.key).at(0).route.value.unmodelled, "");
  run("ip route replace 10.74.0.0/16 via 10.0.0.2 proto static initcwnd 30");
  RouteSnapshot there = snapshot();
  there.routes.at(0).ownership = Ownership::kOverwritten;
  RoutesIntent intent;
  intent.mode = Mode::kEnforce;
  intent.routes = {wanted};
  apply_all(plan_routes(intent, there, {}).operations);
  EXPECT_EQ(holders(wanted.key).at(0).protocol, kOurProtocol);
  EXPECT_EQ(holders(wanted.key).at(0).route.value.unmodelled, "");
}

TEST_F(ApplyRoutes, AReplaceOfARouteThatIsGoneMakesNone) {
  const Route route = route_to("10.43.0.0/16", "10.0.0.2");
  const OpFailure failure = only_failure({replace(route, observed(route, kProtocolStatic))});
  EXPECT_TRUE(failure.conflict);
  EXPECT_TRUE(holders(route.key).empty());
}

TEST_F(ApplyRoutes, ADeleteWithOurProtocolLeavesTheForeignRoute) {
  run("ip route add 10.44.0.0/16 via 10.0.0.2 proto static; ip -6 route add 2001:db8:44::/48 via 2001:db8::2 "
      "proto static");
  const Route ipv4 = route_to("10.44.0.0/16", "10.0.0.2");
  const Route ipv6 = route_to("2001:db8:44::/48", "2001:db8::2");
  const ApplyReport report = socket_->apply({remove(ipv4), remove(ipv6)});
  ASSERT_EQ(report.failures.size(), 2U);
  for (const OpFailure& failure : report.failures) {
    EXPECT_TRUE(failure.conflict);
    EXPECT_EQ(failure.error_number, ESRCH);
  }
  EXPECT_EQ(holders(ipv4.key).size(), 1U);
  EXPECT_EQ(holders(ipv6.key).size(), 1U);
}

TEST_F(ApplyRoutes, ADeleteTakesTheRouteWithThatValueOnly) {
  run("ip route add 10.45.0.0/16 via 10.0.0.2 proto 79; ip route append 10.45.0.0/16 via 10.0.0.3 proto 79");
  const Route second = route_to("10.45.0.0/16", "10.0.0.3");
  ASSERT_EQ(holders(second.key).size(), 2U);
  apply_all({remove(second)});
  ASSERT_EQ(holders(second.key).size(), 1U);
  EXPECT_EQ(render(holders(second.key)[0].route.value.nexthops.at(0).gateway.value()), "10.0.0.2");
}

// To the kernel an IPv4 metric of 0 means any metric.
TEST_F(ApplyRoutes, ADeleteOfMetricZeroNeverTakesARouteOfAnotherMetric) {
  run("ip route add 10.46.0.0/16 via 10.0.0.2 metric 100 proto 79");
  const Route meant = route_to("10.46.0.0/16", "10.0.0.2");
  const OpFailure failure = only_failure({remove(meant)});
  EXPECT_EQ(failure.error_number, ESRCH);
  EXPECT_TRUE(failure.conflict);
  Route other = meant;
  other.key.metric = 100;
  EXPECT_EQ(holders(other.key).size(), 1U);
  run("ip route add 10.46.0.0/16 via 10.0.0.2 proto 79");
  apply_all({remove(meant)});
  EXPECT_EQ(holders(meant.key).size(), 0U);
  EXPECT_EQ(holders(other.key).size(), 1U);
}

TEST_F(ApplyRoutes, ADeleteOfProtocolZeroNeverTakesARouteOfAnotherProtocol) {
  run("ip route add 10.47.0.0/16 via 10.0.0.2 proto static");
  const Route route = route_to("10.47.0.0/16", "10.0.0.2");
  const OpFailure failure = only_failure({{OpKind::kRemove, route, 0, std::nullopt, false}});
  EXPECT_EQ(failure.text, "10.47.0.0/16 is held by another static route: not removed");
  EXPECT_EQ(holders(route.key).size(), 1U);
}

// The kernel compares several nexthops in its own order: a delete cannot name them.
TEST_F(ApplyRoutes, ADeleteOfSeveralNexthopsNeverTakesARouteWithOthers) {
  run("ip route add 10.48.0.0/16 proto 79 nexthop via 10.0.0.2 nexthop via 10.0.0.3");
  const auto several = snapshot().routes.front();
  run("ip route replace 10.48.0.0/16 via 10.0.0.4 proto 79");
  const OpFailure failure = only_failure({remove(several.route)});
  EXPECT_TRUE(failure.conflict);
  EXPECT_EQ(holders(several.route.key).size(), 1U);
}

TEST_F(ApplyRoutes, AnAddSaysWhoHoldsTheKey) {
  run("ip route add 10.49.0.0/16 via 10.0.0.2 proto bird");
  const OpFailure failure = only_failure({add(route_to("10.49.0.0/16", "10.0.0.2"))});
  EXPECT_TRUE(failure.conflict);
  EXPECT_EQ(failure.text, "10.49.0.0/16 is held by a bird route");
}

TEST_F(ApplyRoutes, AnAppendPutsASecondRouteBehindTheFirst) {
  run("ip route add 10.46.0.0/16 via 10.0.0.2 proto static");
  const Route second = route_to("10.46.0.0/16", "10.0.0.3");
  apply_all({RouteOp{OpKind::kAppend, second, kProtocolStatic, {}}});
  const auto found = holders(second.key);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(render(found[1].route.value.nexthops.at(0).gateway.value()), "10.0.0.3");
}

TEST_F(ApplyRoutes, TheKernelsOwnWordsComeBackWithAFailure) {
  const OpFailure failure = only_failure({add(route_to("10.47.0.0/16", "172.31.0.1"))});
  EXPECT_EQ(failure.text, "Nexthop has invalid gateway");
  EXPECT_TRUE(failure.waiting);
  EXPECT_EQ(failure.error_number, ENETUNREACH);
}

TEST_F(ApplyRoutes, ARouteWaitsForItsInterfaceItsLinkAndItsAddress) {
  const OpFailure nowhere = only_failure({add(route_to("10.48.0.0/16", "", "eth7"))});
  EXPECT_TRUE(nowhere.waiting);
  EXPECT_EQ(nowhere.text, "eth7 does not exist");
  Route source = route_to("10.48.0.0/16", "10.0.0.2");
  source.value.preferred_source = parse_address("10.0.0.99").value();
  const OpFailure address = only_failure({add(source)});
  EXPECT_TRUE(address.waiting);
  EXPECT_EQ(address.text, "10.0.0.99 is not an address of this host");
  run("ip link set eth0 down");
  EXPECT_TRUE(only_failure({add(route_to("10.48.0.0/16", "", "eth0"))}).waiting);
  EXPECT_TRUE(only_failure({add(route_to("10.48.0.0/16", "10.0.0.2"))}).waiting);
  EXPECT_TRUE(only_failure({add(route_to("2001:db8:48::/48", "2001:db8::2"))}).waiting);
}

TEST_F(ApplyRoutes, ANonsenseRouteFailsForGood) {
  const OpFailure failure =
      only_failure({add(route_to("2001:db8:49::/48", "2001:db8::1", "eth0"))});  // our own address
  EXPECT_FALSE(failure.waiting);
  EXPECT_FALSE(failure.conflict);
  EXPECT_NE(failure.text, "");
}

TEST_F(ApplyRoutes, EveryFailureInALargeBatchFindsItsOperation) {
  std::vector<RouteOp> operations;
  for (int i = 0; i < 5000; ++i) {
    const std::string destination = fmt::format("10.{}.{}.0/24", 50 + i / 256, i % 256);
    operations.push_back(add(route_to(destination, i % 7 == 3 ? "172.31.0.1" : "10.0.0.2")));
  }
  const ApplyReport report = socket_->apply(operations);
  std::size_t next = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    EXPECT_EQ(report.done[i], i % 7 != 3);
    if (i % 7 == 3) {
      EXPECT_EQ(report.failures.at(next++).index, i);
    }
  }
  EXPECT_EQ(next, report.failures.size());
  EXPECT_EQ(snapshot().routes.size(), operations.size() - next);
}

TEST_F(ApplyRoutes, AWholeBatchOfConflictsLosesNoAnswer) {
  std::vector<RouteOp> operations;
  for (int i = 0; i < 5000; ++i)
    operations.push_back(add(route_to(fmt::format("10.{}.{}.0/24", 50 + i / 256, i % 256), "10.0.0.2")));
  apply_all(operations);
  const ApplyReport report = socket_->apply(operations);
  ASSERT_EQ(report.failures.size(), operations.size());
  for (const OpFailure& failure : report.failures) EXPECT_TRUE(failure.conflict);
}

TEST_F(ApplyRoutes, ApplyingTwiceMakesNoKernelEvents) {
  const Route ipv4 = route_to("10.90.0.0/16", "10.0.0.2");
  apply_all({add(ipv4)});
  auto other = open_route_socket({});
  ASSERT_TRUE(other);
  socket_->apply({add(ipv4)});
  socket_->apply({replace(ipv4, observed(ipv4, kOurProtocol))});
  EXPECT_TRUE((*other)->drain().changes.empty());
}

TEST_F(ApplyRoutes, ARenamedInterfaceIsFoundByItsNewNameAtOnce) {
  run("ip link set eth0 name wan0");
  apply_all({add(route_to("10.91.0.0/16", "", "wan0"))});
  EXPECT_EQ(only_failure({add(route_to("10.92.0.0/16", "", "eth0"))}).text, "eth0 does not exist");
  EXPECT_EQ(holders(route_to("10.91.0.0/16", "").key).at(0).route.value.nexthops.at(0).interface.view(),
            "wan0");
}

}  // namespace
}  // namespace ondol::routes
