// What may change at once, within an hour, at which times and after how many crashes.
#include <gtest/gtest.h>

#include "agent/core/crash_watch.h"
#include "tests/unit/agent_core/intents.h"

namespace ondol::agent {
namespace {

BootTime at(std::int64_t seconds) { return BootTime{Seconds{seconds}}; }

struct Host {
  fakes::AgentWorld world;
  Host() { start(world); }
  void guard(const std::function<void(GuardRules&)>& change) {
    GuardRules rules;
    change(rules);
    world.happen(GuardLoaded{rules});
  }
  session::GenerationStatus status() { return world.core().status().generations; }
  std::uint64_t running() { return status().running.value; }
};

TEST(ChangeLimits, MoreChangesThanOneApplyMayHaveAreRefused) {
  Host host;
  host.guard([](GuardRules& rules) { rules.max_changes_per_apply = 5; });
  host.world.offer(desired(1, many(6)));
  EXPECT_EQ(host.running(), 0U);
  EXPECT_EQ(host.status().blocked, "guard: 6 changes, at most 5 are allowed in one apply");
  host.world.offer(desired(2, many(5)));
  EXPECT_EQ(host.running(), 2U);
}

TEST(ChangeLimits, AnHourIsRememberedOverARestartAndWaitedFor) {
  Host host;
  host.guard([](GuardRules& rules) { rules.max_changes_per_hour = 10; });
  host.world.offer(desired(1, many(8)));
  ASSERT_EQ(host.running(), 1U);
  host.world.boot();
  host.guard([](GuardRules& rules) { rules.max_changes_per_hour = 10; });
  host.world.offer(desired(2, many(11)));
  EXPECT_EQ(host.running(), 1U);
  EXPECT_NE(host.status().blocked.find("3 more changes, 8 of 10 an hour are used"), std::string::npos) << host.status().blocked;
  host.world.pass(Seconds{3'500});
  EXPECT_EQ(host.running(), 1U);
  host.world.pass(Seconds{120});
  EXPECT_EQ(host.running(), 2U);
  EXPECT_EQ(host.status().blocked, "");
}

TEST(ChangeLimits, ARepairIsExemptFromTheHourAndTheWindow) {
  Host host;
  host.world.offer(desired(1, many(8)));
  host.guard([](GuardRules& rules) {
    rules.max_changes_per_hour = rules.max_changes_per_apply = 1;
    rules.windows = {ChangeWindow{0, 0, 1, "never"}};
  });
  host.world.edit(session::ChangeKind::kRemoved, many(8)[0], "ip route del");
  EXPECT_EQ(host.world.kernel.snapshot().routes.size(), 8U);
}

TEST(ChangeLimits, MoreThanAWholeHourAllowsIsRefusedAtOnce) {
  Host host;
  host.guard([](GuardRules& rules) { rules.max_changes_per_hour = 10; });
  host.world.offer(desired(1, many(11)));
  EXPECT_EQ(host.status().blocked, "guard: 11 changes, at most 10 are allowed in an hour");
}

TEST(ChangeLimits, AGenerationWaitsForItsWindow) {
  Host host;
  const auto midnight = std::chrono::floor<std::chrono::days>(host.world.now.wall);
  const auto minute = static_cast<std::uint16_t>(std::chrono::floor<std::chrono::minutes>(host.world.now.wall - midnight).count());
  host.guard([&](GuardRules& rules) {
    rules.windows = {ChangeWindow{0x7F, static_cast<std::uint16_t>((minute + 10) % 1'440), static_cast<std::uint16_t>((minute + 20) % 1'440), ""}};
  });
  host.world.offer(desired(1, many(3)));
  EXPECT_EQ(host.running(), 0U);
  EXPECT_TRUE(host.status().blocked.starts_with("guard: outside of the change windows, next opens ")) << host.status().blocked;
  host.world.pass(Seconds{660});
  EXPECT_EQ(host.running(), 1U);
}

TEST(ChangeLimits, WhatAnotherBootChangedCountsFromItsEnd) {
  ChangeBudget budget("b2");
  budget.restore({{"b1", at(9'000), 7}});
  EXPECT_FALSE(budget.judge(4, 10, at(100)).allowed);
  EXPECT_EQ(budget.judge(4, 10, at(100)).free_at, at(3'600));
  EXPECT_TRUE(budget.judge(4, 10, at(3'600)).allowed);
  budget.restore_unknown(at(100));
  EXPECT_FALSE(budget.judge(1, 1'000'000, at(3'000)).allowed) << "unknown is not empty";
}

TEST(SafeMode, TakesNothingNewButEnforcesWhatWasConfirmed) {
  Host host;
  host.world.offer(desired(1, many(3)));
  host.world.happen(SafeModeSet{"safe_mode: 3 crashes in 5 minutes"});
  EXPECT_EQ(host.status().blocked, "safe_mode: 3 crashes in 5 minutes");
  host.world.offer(desired(2, many(4)));
  EXPECT_EQ(host.running(), 1U);
  host.world.edit(session::ChangeKind::kRemoved, many(3)[0], "ip route del");
  EXPECT_EQ(host.world.kernel.snapshot().routes.size(), 3U);
  host.world.happen(SafeModeSet{});
  EXPECT_EQ(host.running(), 2U);
  EXPECT_EQ(host.status().blocked, "");
}

TEST(CrashWatch, TheFourthStartAfterThreeCrashesInFiveMinutesIsSafe) {
  StartRecord record = judge_start({}, "b", at(100));
  for (const int second : {110, 200, 390}) {
    EXPECT_EQ(record.safe_mode, "");
    record = judge_start(record, "b", at(second));
  }
  EXPECT_EQ(record.safe_mode, "safe_mode: 3 crashes in 5 minutes");
  record = judge_start(end_cleanly(record), "b", at(400));
  EXPECT_NE(record.safe_mode, "") << "a clean restart is no way out";
}

TEST(CrashWatch, SlowerCrashesAndCleanEndsAreNone) {
  StartRecord record = judge_start({}, "b", at(100));
  for (int second = 251; second < 5'000; second += 151) record = judge_start(record, "b", at(second));
  EXPECT_EQ(record.safe_mode, "");
  record = judge_start({}, "b", at(100));
  for (int second = 101; second < 120; ++second) record = judge_start(end_cleanly(record), "b", at(second));
  EXPECT_EQ(record.safe_mode, "");
}

TEST(CrashWatch, ARebootLoopCountsAndPowerCutsWeeksApartDoNot) {
  StartRecord record = judge_start({}, "b1", at(20));
  for (const char* boot : {"b2", "b3", "b4"}) record = judge_start(record, boot, at(20));
  EXPECT_NE(record.safe_mode, "");
  record = judge_start({}, "b1", at(20));
  for (const char* boot : {"b2", "b3", "b4", "b5"}) {
    record = judge_calm(record, Seconds{86'400});
    record = judge_start(record, boot, at(20));
  }
  EXPECT_EQ(record.safe_mode, "");
}

TEST(CrashWatch, ACalmHourOrAPersonEndsSafeMode) {
  StartRecord safe;
  safe.running = true;
  safe.safe_mode = "safe_mode: 3 crashes in 5 minutes";
  EXPECT_NE(judge_calm(safe, Seconds{3'599}).safe_mode, "");
  EXPECT_EQ(judge_calm(safe, Seconds{3'600}).safe_mode, "");
  EXPECT_EQ(release_safe_mode(safe).safe_mode, "");
  EXPECT_TRUE(release_safe_mode(safe).running);
}

}  // namespace
}  // namespace ondol::agent
