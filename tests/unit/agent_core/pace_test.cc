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

TEST(ALinkThatFlapsForLong, CostsAWholeReadLessAndLessOften) {
  fakes::AgentWorld world;
  start(world);
  world.pass(Seconds{12});
  const auto flap_for = [&](int events) {
    const std::size_t before = world.reads;
    for (int i = 0; i < events; ++i) {
      world.happen(KernelNotice{false, true, {}});
      world.pass(Milliseconds{20});
    }
    return world.reads - before;
  };
  EXPECT_GE(flap_for(5), 2U) << "the first one is looked at at once, the next after 50 ms";
  EXPECT_LE(flap_for(3'000), 70U) << "in a minute";
  world.pass(Seconds{23});
  const std::size_t before = world.reads;
  world.happen(KernelNotice{false, true, {}});
  EXPECT_EQ(world.reads, before + 1) << "a single event after a quiet while is looked at at once";
  world.happen(KernelNotice{false, true, {}});
  world.pass(Milliseconds{100});
  EXPECT_EQ(world.reads, before + 2);
}

TEST(AFightOverARoute, IsToldOnceAMinuteAndCountedOnceItIsContested) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(2)));
  world.pass(Seconds{1});
  const auto fight = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      world.edit(ChangeKind::kReplaced, routes::unicast("10.100.0.0/24", i % 2 == 0 ? "10.0.0.8" : "10.0.0.9"), "fight.sh");
      world.pass(Seconds{3});
    }
  };
  fight(20);
  ASSERT_EQ(world.core().status().contested, 1U);
  const std::size_t before = world.events.size();
  fight(200);  // ten minutes
  std::size_t changes = 0, counted = 0;
  for (std::size_t i = before; i < world.events.size(); ++i) {
    changes += std::holds_alternative<session::RouteChange>(world.events[i].what);
    const auto* notice = std::get_if<session::ObserverNotice>(&world.events[i].what);
    if (notice != nullptr) counted += std::stoul(notice->detail);
  }
  EXPECT_LE(changes, 11U);
  EXPECT_GE(changes, 9U);
  EXPECT_GE(changes + counted, 195U) << "what is not told is counted";
  EXPECT_LE(changes + counted, 220U);
}

TEST(AWithdrawal, ThatTheDiskDoesNotRecordRemovesNothingAndSaysSo) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(3)));
  world.pass(Seconds{1});
  world.disk.is_full = true;
  world.happen(LocalRequest{LocalRequest::Verb::kWithdraw, 7, "uid 0"});
  ASSERT_EQ(world.answers.size(), 1U);
  EXPECT_FALSE(world.answers[0].accepted);
  EXPECT_TRUE(world.answers[0].text.starts_with("nothing was removed: storage: ")) << world.answers[0].text;
  EXPECT_EQ(in_kernel(world).size(), 3U);
  EXPECT_EQ(world.core().status().generations.running, Generation{1});
  EXPECT_EQ(world.core().status().generations.applied, Generation{1});
}

TEST(AWithdrawal, WhoseLedgerCannotBeWrittenSaysThatToo) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(3)));
  world.pass(Seconds{1});
  world.full_from = "ledger";
  world.happen(LocalRequest{LocalRequest::Verb::kWithdraw, 7, "uid 0"});
  ASSERT_EQ(world.answers.size(), 1U);
  EXPECT_FALSE(world.answers[0].accepted);
  EXPECT_EQ(world.answers[0].text,
            "removed 3 routes, 0 could not be removed; the ledger still lists them: storage: no space left on device");
  EXPECT_TRUE(in_kernel(world).empty());
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
