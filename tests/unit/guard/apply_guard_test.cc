#include "agent/core/apply_guard.h"

#include <gtest/gtest.h>

#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::agent {
namespace {

using routes::OpKind;
using routes::RouteOp;
using routes::unicast;

RouteOp add(const routes::Route& route) { return {OpKind::kAdd, route, routes::kOurProtocol, std::nullopt, false}; }
RouteOp removal(const routes::Route& route) {
  return {OpKind::kRemove, route, routes::kOurProtocol, routes::ours(route), false};
}

LinkFacts link(const char* name, const char* address, std::uint8_t length) {
  return {*routes::InterfaceName::make(name), true, true, {{parse_address(address).value(), length}}};
}

struct World {
  GuardRules rules;
  std::vector<IpPrefix> collector;
  std::vector<routes::ObservedRoute> observed;
  std::vector<LinkFacts> links{link("eth0", "10.0.0.5", 24), link("mgmt0", "10.250.0.5", 24)};

  std::string judge(const RouteOp& op) const {
    const auto refusals = judge_operations(std::span(&op, 1), {rules, collector, observed, links});
    return refusals.empty() ? "" : refusals[0].reason;
  }
};

TEST(TheApplyGuard, RefusesNothingByDefault) {
  EXPECT_EQ(World{}.judge(add(unicast("10.20.0.0/16", "10.0.0.1"))), "");
  EXPECT_EQ(World{}.judge(removal(unicast("0.0.0.0/0", "10.0.0.1"))), "");
}

TEST(TheApplyGuard, KeepsEveryChangeOutOfAProtectedPrefix) {
  World world;
  world.rules.protected_prefixes = {parse_prefix("10.9.0.0/16").value()};
  EXPECT_NE(world.judge(add(unicast("10.9.0.0/16", "10.0.0.1"))), "");
  EXPECT_NE(world.judge(add(unicast("10.9.3.0/24", "10.0.0.1"))), "");
  EXPECT_EQ(world.judge(add(unicast("10.8.0.0/16", "10.0.0.1"))), "");
}

TEST(TheApplyGuard, KeepsTheCoverThatAProtectedPrefixIsReachedThrough) {
  World world;
  world.rules.protected_prefixes = {parse_prefix("10.9.0.0/16").value()};
  EXPECT_NE(world.judge(removal(unicast("10.0.0.0/8", "10.0.0.1"))), "");
  world.observed = {routes::foreign(unicast("10.8.0.0/14", "10.0.0.2"))};
  EXPECT_EQ(world.judge(removal(unicast("10.0.0.0/8", "10.0.0.1"))), "") << "something closer leads there";
  world.rules.protected_prefixes = {parse_prefix("10.250.0.0/24").value()};
  EXPECT_EQ(world.judge(add(unicast("10.0.0.0/8", "10.0.0.1"))), "") << "the link itself leads there";
}

TEST(TheApplyGuard, CountsAsCloserOnlyWhatTheSameChangeLeavesAlone) {
  World world;
  world.rules.protected_prefixes = {parse_prefix("10.9.0.0/16").value()};
  world.observed = {routes::ours(unicast("10.8.0.0/14", "10.0.0.2"))};
  const std::vector<RouteOp> both{removal(unicast("10.0.0.0/8", "10.0.0.1")), removal(unicast("10.8.0.0/14", "10.0.0.2"))};
  EXPECT_EQ(judge_operations(both, {world.rules, world.collector, world.observed, world.links}).size(), 2U);
}

TEST(TheApplyGuard, KeepsChangesOffProtectedInterfacesAlsoWhenTheyAreNotNamed) {
  World world;
  world.rules.protected_interfaces = {"mgmt*"};
  EXPECT_NE(world.judge(add(unicast("10.20.0.0/16", "10.0.0.1", "mgmt0"))), "");
  EXPECT_NE(world.judge(add(unicast("10.20.0.0/16", "10.250.0.1"))), "") << "the gateway lies on it";
  EXPECT_EQ(world.judge(add(unicast("10.20.0.0/16", "10.0.0.1"))), "");
  RouteOp replace = add(unicast("10.20.0.0/16", "10.0.0.1"));
  replace.kind = OpKind::kReplace;
  replace.before = routes::foreign(unicast("10.20.0.0/16", "10.250.0.1", "mgmt0"));
  EXPECT_NE(world.judge(replace), "") << "what is replaced used it";
}

TEST(TheApplyGuard, KeepsThePathToTheCollectorOpen) {
  World world;
  world.collector = {parse_prefix("192.0.2.9/32").value()};
  EXPECT_NE(world.judge(removal(unicast("192.0.2.0/24", "10.0.0.1"))), "");
  EXPECT_NE(world.judge(add(routes::blackhole("192.0.2.9/32"))), "");
  EXPECT_EQ(world.judge(add(unicast("192.0.2.0/24", "10.0.0.1"))), "") << "opening is no closing";
  world.observed = {routes::foreign(unicast("192.0.2.8/30", "10.0.0.1"))};
  EXPECT_EQ(world.judge(removal(unicast("192.0.2.0/24", "10.0.0.1"))), "");
}

TEST(TheApplyGuard, CountsTheDeletionShareItself) {
  std::vector<RouteOp> operations;
  for (int i = 0; i < 4; ++i) operations.push_back(removal(unicast("10." + std::to_string(i) + ".0.0/16", "10.0.0.1")));
  EXPECT_NE(judge_deletion_share(operations, 10, 30), "");
  EXPECT_EQ(judge_deletion_share(operations, 14, 30), "");
  EXPECT_EQ(judge_deletion_share(operations, 9, 30), "") << "fewer than ten objects";
  EXPECT_EQ(judge_deletion_share(operations, 10, 100), "");
  EXPECT_NE(judge_deletion_share(operations, 10, 0), "");
}

TEST(AGlob, MatchesRunsOfAnything) {
  for (const auto& [pattern, text, matches] : std::vector<std::tuple<std::string, std::string, bool>>{
           {"mgmt*", "mgmt0", true}, {"mgmt*", "mgmt", true}, {"*", "", true}, {"eth0", "eth01", false},
           {"*0", "eth10", true}, {"e*h*0", "eth10", true}, {"", "x", false}, {"a*b*c", "aXbYbZc", true}, {"a*b", "ab1", false}}) {
    EXPECT_EQ(matches_glob(pattern, text), matches) << pattern << " " << text;
  }
}

TEST(TheApplyGuard, KeepsTheDefaultRouteInUse) {
  World world;
  const auto gateway = unicast("0.0.0.0/0", "10.0.0.1");
  world.observed = {routes::ours(gateway)};
  EXPECT_EQ(world.judge(removal(gateway)), "");
  world.rules.protect_default_route = true;
  EXPECT_EQ(world.judge(removal(gateway)), "guard: the default route is protected");
  EXPECT_EQ(world.judge(removal(unicast("::/0", "2001:db8::1"))), "") << "no such route is in use";
  auto closed = routes::unicast("0.0.0.0/0", "10.0.0.1");
  closed.value.nexthops.clear();
  closed.value.type = routes::RouteType::kBlackhole;
  RouteOp replace{OpKind::kReplace, closed, routes::kOurProtocol, routes::ours(gateway), false};
  EXPECT_EQ(world.judge(replace), "guard: it closes the default route");
  closed.key.metric = 5;
  EXPECT_EQ(world.judge(add(closed)), "guard: it closes the default route") << "in front of it by its metric";
  closed.key.destination = parse_prefix("128.0.0.0/1").value();
  EXPECT_NE(world.judge(add(closed)), "") << "half of everything";
  replace.route = unicast("0.0.0.0/0", "10.0.0.9");
  EXPECT_EQ(world.judge(replace), "") << "another gateway";
}

}  // namespace
}  // namespace ondol::agent
