#include <gtest/gtest.h>

#include "tests/unit/agent_core/intents.h"

namespace ondol::agent {
namespace {

using session::ChangeKind;
using session::RepairOutcome;

TEST(ARepair, NamesTheChangeItAnswers) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(3)));
  world.edit(ChangeKind::kRemoved, many(3)[1], "ip route del");
  const auto repairs = events_of<session::RouteRepair>(world);
  ASSERT_EQ(repairs.size(), 1U);
  EXPECT_EQ(repairs[0].outcome, RepairOutcome::kRepaired);
  const auto change = std::ranges::find_if(world.events, [&](const auto& e) { return e.sequence == repairs[0].answers; });
  ASSERT_NE(change, world.events.end());
  EXPECT_EQ(std::get<session::RouteChange>(change->what).author->command, "ip route del");
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 3U);
}

TEST(ARepair, OfEverythingAtOnceIsOneBatchAndCostsNobodysBudget) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(500)));
  for (int round = 0; round < 2; ++round) {
    RoutesTouched flush;
    for (const routes::Route& route : many(500)) {
      TouchedRoute touched = world.kernel.edit(ChangeKind::kRemoved, false, route, 79);
      touched.port = 7;
      touched.seen = world.now;
      flush.changes.push_back(touched);
    }
    world.happen(std::move(flush));
    EXPECT_EQ(world.kernel.snapshot().routes.size(), 500U);
  }
  EXPECT_EQ(world.core().status().contested, 0U);
}

TEST(ARepair, IsNotConfusedByItsOwnEchoOrAStaleEvent) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(2)));
  const std::size_t writes = world.kernel.writes();
  TouchedRoute echo;
  echo.kind = ChangeKind::kAdded;
  echo.route = world.kernel.snapshot().routes[0];
  world.happen(RoutesTouched{{echo}});
  EXPECT_EQ(world.kernel.writes(), writes);
  echo.kind = ChangeKind::kRemoved;  // told late: it is there
  echo.seen = world.now;
  world.happen(RoutesTouched{{echo}});
  world.pass(Seconds{10});
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 2U);
}

TEST(ARepair, ThatTheKernelRefusesIsToldOnceAndTriedAgainLessAndLess) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(2)));
  world.kernel.refuse_destination = "10.100.1.0/24";
  world.edit(ChangeKind::kRemoved, many(2)[1]);
  const std::size_t writes = world.kernel.writes();
  world.pass(Seconds{600});
  EXPECT_LT(world.kernel.writes() - writes, 20U);
  EXPECT_EQ(events_of<session::RouteRepair>(world).size(), 1U);
  EXPECT_EQ(events_of<session::RouteRepair>(world)[0].outcome, RepairOutcome::kFailed);
  world.kernel.refuse_destination.clear();
  world.pass(Seconds{70});
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 2U);
}

TEST(ARepair, OfAKeyThatWasNeverOursIsRecordedBeforeItIsWritten) {
  fakes::AgentWorld world;
  start(world);
  world.edit(ChangeKind::kAdded, routes::unicast("10.20.0.0/16", "10.0.0.9"), "by hand", 4);
  world.offer(desired(1, {routes::unicast("10.20.0.0/16", "10.0.0.1")}));
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kConflict], 1U);
  world.kill_at = "after_ledger";
  world.edit(ChangeKind::kRemoved, routes::unicast("10.20.0.0/16", "10.0.0.9"), "by hand", 4);
  ASSERT_TRUE(world.was_killed);
  world.boot();
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kInSync], 1U);
}

TEST(AForeignRouteOfProtocol79, ThatWeNeverMadeIsAConflictAndStays) {
  fakes::AgentWorld world;
  start(world);
  world.edit(ChangeKind::kAdded, routes::unicast("10.20.0.0/16", "10.0.0.9"), "another tool", 79);
  world.offer(desired(1, {routes::unicast("10.20.0.0/16", "10.0.0.1")}));
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kConflict], 1U);
  world.pass(Seconds{30});
  EXPECT_EQ(render(world.kernel.snapshot().routes[0].route), "10.20.0.0/16 via 10.0.0.9 dev eth0");
}

TEST(ALinkThatFlaps, NeverMakesItsRoutesContested) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, {routes::unicast("10.20.0.0/16", "10.0.0.1", "eth0")}));
  for (int i = 0; i < 20; ++i) {
    world.kernel.set_link("eth0", false);
    world.links_changed();
    world.pass(Milliseconds{200});
    world.kernel.set_link("eth0", true);
    world.links_changed();
    world.pass(Milliseconds{200});
  }
  world.pass(Seconds{2});
  EXPECT_EQ(world.core().status().contested, 0U);
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 1U);
}

TEST(AnAddressThatIsRemovedAndAdded, TakesItsRoutesAwayAndBringsThemBack) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, {routes::unicast("10.20.0.0/16", "10.0.0.1")}));
  world.kernel.set_link("eth0", false);  // its routes go without a word
  world.kernel.set_link("eth0", true, {{parse_address("172.16.0.5").value(), 24}});
  world.links_changed();
  world.pass(Milliseconds{100});
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kWaiting], 1U);
  world.kernel.set_link("eth0", true, {{parse_address("10.0.0.5").value(), 24}});
  world.links_changed();
  world.pass(Seconds{1});
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kInSync], 1U);
}

TEST(AStormOfForeignRoutes, IsToldInPartCountedAndNeverRepaired) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(10)));
  const std::size_t writes = world.kernel.writes();
  for (int chunk = 0; chunk < 20; ++chunk) {
    RoutesTouched storm;
    for (int i = 0; i < 100; ++i) {
      TouchedRoute touched = world.kernel.edit(ChangeKind::kAdded, false, routes::unicast(fmt::format("11.{}.{}.0/24", chunk, i), "10.0.0.1"), 4);
      touched.port = 7;
      storm.changes.push_back(touched);
    }
    world.happen(std::move(storm));
  }
  EXPECT_LT(world.events.size(), 600U);
  EXPECT_EQ(world.kernel.writes(), writes);
  world.pass(Seconds{6});
  EXPECT_EQ(events_of<session::ObserverNotice>(world).back().what, "resync");
}

}  // namespace
}  // namespace ondol::agent
