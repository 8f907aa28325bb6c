// What the agent does first, and what it must not do all the time.
#include <gtest/gtest.h>

#include "tests/unit/agent_core/intents.h"

namespace ondol::agent {
namespace {

using session::ChangeKind;

TEST(ARepair, GoesToTheKernelBeforeAnythingIsWrittenAboutIt) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(3)));
  world.pass(Seconds{1});
  TouchedRoute touched = world.kernel.edit(ChangeKind::kRemoved, false, many(3)[1], 79);
  touched.port = 4121;
  const Effects effects = world.core().step({world.now, 1, RoutesTouched{{touched}}});
  ASSERT_FALSE(effects.empty());
  EXPECT_TRUE(std::holds_alternative<ApplyRoutes>(effects.front()));
}

TEST(AnAgentThatCannotReadRoutes, SleepsBetweenItsTries) {
  fakes::AgentWorld world;
  world.reads_fail = true;
  world.boot();
  world.happen(LocalRequest{LocalRequest::Verb::kHold, 1, "uid 0"});
  const std::size_t reads = world.reads;
  for (int i = 0; i < 100 && world.core().wake_at() <= world.now.boot + Milliseconds{100}; ++i) {
    world.now.boot = std::max(world.now.boot, world.core().wake_at());
    world.happen(TimerFired{});
  }
  EXPECT_GT(world.core().wake_at(), world.now.boot);
  EXPECT_EQ(world.reads, reads);
}

TEST(AnAgentThatWaitsForItsDisk, SleepsUntilTheDiskAnswers) {
  AgentCore core(CoreOptions{});
  Now now{WallTime{Seconds{1}}, BootTime{Seconds{100}}};
  const auto step = [&](Happening what) { return core.step({now, 1, std::move(what)}); };
  step(Booted{{std::nullopt, std::nullopt, std::nullopt, std::nullopt, false, {}, {}}});
  step(RoutesRead{ReadPurpose::kSweep, routes::RouteSnapshot{}, std::vector<LinkFacts>{}});
  step(SessionOpened{HostId{"web-01"}});
  step(SessionReceived{session::Welcome{}});
  step(SessionReceived{session::DesiredOffer{desired(1, {})}});
  step(RoutesRead{ReadPurpose::kBeforeApply, routes::RouteSnapshot{}, std::vector<LinkFacts>{}});
  now.boot += Seconds{20};  // the sweep and a report are due, and `highest` is not durable yet
  step(TimerFired{});
  EXPECT_GT(core.wake_at(), now.boot);
}

TEST(ASpoolThatCannotBeRead, IsAskedAgainAfterAWhileAndNotAtOnce) {
  AgentCore core(CoreOptions{});
  Now now{WallTime{Seconds{1}}, BootTime{Seconds{100}}};
  std::size_t asked = 0;
  const auto step = [&](Happening what) {
    for (const Effect& effect : core.step({now, 1, std::move(what)})) asked += std::holds_alternative<SendEvents>(effect);
  };
  step(Booted{{std::nullopt, std::nullopt, std::nullopt, std::nullopt, false, EventSequence{1}, EventSequence{1}}});
  step(RoutesRead{ReadPurpose::kSweep, routes::RouteSnapshot{}, std::vector<LinkFacts>{}});
  step(SessionOpened{HostId{"web-01"}});
  step(SessionReceived{session::Welcome{}});
  ASSERT_EQ(asked, 1U);
  step(EventsSent{EventSequence{0}});
  EXPECT_EQ(asked, 1U);
  EXPECT_GT(core.wake_at(), now.boot);
  now.boot += Seconds{6};
  step(TimerFired{});
  EXPECT_EQ(asked, 2U);
}

TEST(AFightByIoctl, WhichTheKernelTellsWithoutAPortEndsLikeAnyOther) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(2)));
  for (int i = 0; i < 20; ++i) {
    TouchedRoute touched = world.kernel.edit(ChangeKind::kRemoved, false, many(2)[1], 79);
    touched.seen = world.now;
    world.happen(RoutesTouched{{touched}});
    world.pass(Seconds{3});
  }
  EXPECT_EQ(world.core().status().contested, 1U);
}

TEST(AGuardWithAProtectedPrefix, StillJudgesByTheRoutesThatLeadThere) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, {routes::unicast("10.20.0.0/16", "10.0.0.1"), routes::unicast("10.20.30.0/24", "10.0.0.1")}));
  GuardRules rules;
  rules.protected_prefixes = {parse_prefix("10.20.30.7/32").value()};
  world.happen(GuardLoaded{rules});
  world.edit(ChangeKind::kRemoved, routes::unicast("10.20.0.0/16", "10.0.0.1"), "ip route del");
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 2U) << "something closer leads there";
  world.edit(ChangeKind::kRemoved, routes::unicast("10.20.30.0/24", "10.0.0.1"), "ip route del");
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 1U) << "the closest one is the guard's";
}

}  // namespace
}  // namespace ondol::agent
