#include "agent/core/route_table.h"

#include <gtest/gtest.h>

#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::agent {
namespace {

using routes::foreign;
using routes::snapshot;
using routes::unicast;
using session::ChangeKind;

TEST(ATable, ThatReadsTheSameAgainTellsNothing) {
  RouteTable table;
  const auto seen = snapshot({foreign(unicast("10.1.0.0/16", "10.0.0.1")), foreign(unicast("10.2.0.0/16", "10.0.0.1"))});
  table.load(seen);
  const Merged merged = table.merge(seen);
  EXPECT_TRUE(merged.changes.empty());
  EXPECT_FALSE(merged.refreshed);
  EXPECT_EQ(table.snapshot().routes, seen.routes);
}

TEST(ATable, TellsWhatCameWhatWentAndWhatChanged) {
  RouteTable table;
  table.load(snapshot({foreign(unicast("10.1.0.0/16", "10.0.0.1")), foreign(unicast("10.2.0.0/16", "10.0.0.1"))}));
  const auto changes = table.merge(snapshot({foreign(unicast("10.2.0.0/16", "10.0.0.9")), foreign(unicast("10.3.0.0/16", "10.0.0.1"))})).changes;
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].kind, ChangeKind::kVanished);
  EXPECT_EQ(changes[1].kind, ChangeKind::kReplaced);
  EXPECT_EQ(render(*changes[1].before), "via 10.0.0.1");
  EXPECT_EQ(changes[2].kind, ChangeKind::kAdded);
}

TEST(ATable, TakesWhatTheKernelFilledInOfOurOwnWriteForNoChange) {
  RouteTable table;
  table.load({});
  table.add(unicast("10.1.0.0/16", "10.0.0.1"), routes::kOurProtocol);
  const Merged merged = table.merge(snapshot({foreign(unicast("10.1.0.0/16", "10.0.0.1", "eth0"), routes::kOurProtocol)}));
  EXPECT_TRUE(merged.changes.empty());
  EXPECT_TRUE(merged.refreshed);
}

TEST(ATable, KeepsTwoRoutesOfOneKeyInTheKernelsOrder) {
  RouteTable table;
  bool unsure = false;
  table.load(snapshot({foreign(unicast("10.1.0.0/16", "10.0.0.1"))}));
  ASSERT_TRUE(table.apply(ChangeKind::kAdded, foreign(unicast("10.1.0.0/16", "10.0.0.2")), unsure));
  EXPECT_FALSE(unsure);
  EXPECT_EQ(render(table.holders(unicast("10.1.0.0/16", "").key)[1].route), "10.1.0.0/16 via 10.0.0.2");
  ASSERT_TRUE(table.apply(ChangeKind::kReplaced, foreign(unicast("10.1.0.0/16", "10.0.0.3")), unsure));
  EXPECT_TRUE(unsure) << "which of two was replaced, only a read can tell";
}

TEST(ATable, KnowsAnIpv6DeleteOfOneNexthopForAChangeOfTheRoute) {
  RouteTable table;
  bool unsure = false;
  auto whole = foreign(unicast("2001:db8:1::/48", "2001:db8::1"), routes::kOurProtocol);
  whole.route.value.nexthops.push_back(unicast("2001:db8:1::/48", "2001:db8::2").value.nexthops[0]);
  routes::normalise(whole.route);
  table.load(snapshot({whole}));
  const auto change = table.apply(ChangeKind::kRemoved, foreign(unicast("2001:db8:1::/48", "2001:db8::1"), routes::kOurProtocol), unsure);
  ASSERT_TRUE(change) << "whoever did it can be named";
  EXPECT_EQ(change->kind, ChangeKind::kReplaced);
  EXPECT_EQ(render(*change->after), "via 2001:db8::2");
  EXPECT_TRUE(unsure) << "and a read says what is left";
  EXPECT_FALSE(table.apply(ChangeKind::kRemoved, foreign(unicast("2001:db8:1::/48", "2001:db8::9"), routes::kOurProtocol), unsure));
}

TEST(ATable, LearnsNothingFromAnEventThatRepeatsWhatItKnows) {
  RouteTable table;
  bool unsure = false;
  const auto route = foreign(unicast("10.1.0.0/16", "10.0.0.1"));
  table.load(snapshot({route}));
  EXPECT_FALSE(table.apply(ChangeKind::kAdded, route, unsure));
  EXPECT_FALSE(table.apply(ChangeKind::kReplaced, route, unsure));
  EXPECT_FALSE(table.apply(ChangeKind::kRemoved, foreign(unicast("10.9.0.0/16", "10.0.0.1")), unsure));
  EXPECT_EQ(table.size(), 1U);
}

TEST(ATable, CallsARouteOverwrittenOnlyWhenItWasReallyMadeByUs) {
  RouteTable table;
  Ledger ledger;
  const auto route = unicast("10.1.0.0/16", "10.0.0.1");
  table.load(snapshot({foreign(route)}));
  ledger.entries[route.key] = {route.value, false};
  table.mark_ownership(ledger);
  EXPECT_EQ(table.holders(route.key)[0].ownership, routes::Ownership::kForeign);
  ledger.entries[route.key].made = true;
  table.mark_ownership(ledger);
  EXPECT_EQ(table.holders(route.key)[0].ownership, routes::Ownership::kOverwritten);
}

TEST(ATable, ReportsOursWholeAndForeignOnesUpToTheLimit) {
  RouteTable table;
  Ledger ledger;
  std::vector<routes::ObservedRoute> all;
  for (int i = 0; i < 50; ++i) all.push_back(foreign(unicast("10.0." + std::to_string(i) + ".0/24", "10.0.0.1"), i % 5 == 0 ? 79 : 4));
  for (int i = 0; i < 50; i += 5) ledger.entries[all[static_cast<std::size_t>(i)].route.key] = {};
  table.load(snapshot(all));
  table.mark_ownership(ledger);
  const auto reported = table.reported(20, [&](const routes::RouteKey& key) { return key == all.back().route.key; });
  EXPECT_EQ(reported.routes.size(), 20U);
  EXPECT_TRUE(reported.truncated);
  EXPECT_EQ(reported.compared, 50U);
  EXPECT_EQ(std::ranges::count(reported.routes, routes::Ownership::kOurs, &routes::ObservedRoute::ownership), 10);
  EXPECT_EQ(reported.routes.back().route.key, all.back().route.key) << "the holder of a wanted key is among them";
}

}  // namespace
}  // namespace ondol::agent
