#include <gtest/gtest.h>

#include "tests/unit/agent_core/intents.h"

namespace ondol::agent {
namespace {

// Generation 1: ten routes and one foreign. Generation 2: five stay, five go, five change, five come, one is taken over.
struct Change {
  fakes::AgentWorld world;
  DesiredState next;
  std::vector<std::string> before, after;

  Change() {
    start(world);
    world.offer(desired(1, many(12)));
    world.edit(session::ChangeKind::kAdded, routes::unicast("10.77.0.0/16", "10.0.0.9"), "by hand", 4);
    before = in_kernel(world);
    std::vector<routes::Route> wanted = many(9);
    for (int i = 0; i < 5; ++i) wanted[static_cast<std::size_t>(i)].value = routes::unicast("10.1.0.0/16", "10.0.0.2").value;
    for (routes::Route& route : many(5, "10.0.0.1", 120)) wanted.push_back(std::move(route));
    wanted.push_back(routes::unicast("10.77.0.0/16", "10.0.0.1"));
    next = desired(2, std::move(wanted));
    next.routes->on_conflict = routes::OnConflict::kTakeOver;
  }
};

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::ranges::sort(lines);
  return lines;
}

TEST(ACrash, AtEveryStepOfAnApplyLeavesExactlyTheOldOrExactlyTheNewAfterTheRestart) {
  Change reference;
  reference.world.offer(reference.next);
  const auto after = sorted(in_kernel(reference.world));
  ASSERT_NE(after, sorted(reference.before));
  for (const char* place : {"after_highest", "after_journal", "after_armed", "after_apply", "after_readback", "probes_after",
                            "contact_after", "after_previous", "after_confirmed", "after_ledger", "after_journal_removed",
                            "after_disarmed"}) {
    Change change;
    change.world.kill_at = place;
    change.world.offer(change.next);
    ASSERT_TRUE(change.world.was_killed) << place;
    change.world.boot();
    ASSERT_TRUE(change.world.ready) << place;
    const bool is_new = change.world.disk.confirmed->generation.value == 2;
    EXPECT_EQ(sorted(in_kernel(change.world)), is_new ? after : sorted(change.before)) << place;
    EXPECT_FALSE(change.world.disk.journal) << place;
    const auto results = events_of<session::GenerationResult>(change.world);
    ASSERT_FALSE(results.empty());
    EXPECT_EQ(results.back().generation.value, 2U) << place;
    EXPECT_EQ(results.back().outcome, is_new ? session::GenerationOutcome::kConfirmed : session::GenerationOutcome::kRolledBack) << place;
  }
}

TEST(ACrash, BetweenAnyTwoKernelOperationsIsUndone) {
  for (std::size_t n = 1; n < 14; ++n) {
    Change change;
    change.world.kernel.dies_after = n;
    change.world.offer(change.next);
    ASSERT_TRUE(change.world.was_killed) << n;
    change.world.boot();
    EXPECT_EQ(sorted(in_kernel(change.world)), sorted(change.before)) << n;
    const auto result = events_of<session::GenerationResult>(change.world).back();
    EXPECT_EQ(result.outcome, session::GenerationOutcome::kRolledBack);
    EXPECT_TRUE(result.reason.starts_with("restarted during trial")) << result.reason;
  }
}

TEST(ACrash, WhileATrialIsBeingUndoneLeavesTheOld) {
  for (const char* place : {"after_undo", "probes_after_undo", "after_highest", "after_journal_removed", "after_disarmed"}) {
    Change change;
    change.world.trial.confirms = false;
    change.world.offer(change.next);
    change.world.pass(Seconds{59});
    ASSERT_TRUE(change.world.core().status().trial_deadline) << place;
    change.world.kill_at = place;
    change.world.pass(Seconds{2});
    ASSERT_TRUE(change.world.was_killed) << place;
    change.world.boot();
    EXPECT_EQ(sorted(in_kernel(change.world)), sorted(change.before)) << place;
    EXPECT_FALSE(change.world.disk.journal) << place;
    EXPECT_EQ(events_of<session::GenerationResult>(change.world).back().outcome, session::GenerationOutcome::kRolledBack) << place;
  }
}

TEST(ACrash, WhileALookIsTakenBeforeTheChangeLeavesNoTrace) {
  for (const char* place : {"after_preflight", "probes_before", "contact_before"}) {
    Change change;
    const std::size_t results = events_of<session::GenerationResult>(change.world).size();
    change.world.kill_at = place;
    change.world.offer(change.next);
    ASSERT_TRUE(change.world.was_killed) << place;
    change.world.boot();
    EXPECT_EQ(sorted(in_kernel(change.world)), sorted(change.before)) << place;
    EXPECT_EQ(events_of<session::GenerationResult>(change.world).size(), results) << place;
    change.world.offer(change.next);
    EXPECT_EQ(change.world.core().status().generations.running.value, 2U) << place;
  }
}

TEST(ACrash, AfterRepairsDuringATrialLeavesTheOldAndOwnsNothingOfTheNew) {
  Change change;
  change.world.trial.confirms = false;
  change.world.offer(change.next);
  change.world.edit(session::ChangeKind::kRemoved, many(9).back(), "by hand");  // not of the trial: repaired meanwhile
  change.world.pass(Seconds{20});
  change.world.boot();
  EXPECT_EQ(sorted(in_kernel(change.world)), sorted(change.before));
  change.world.pass(Seconds{10});
  EXPECT_EQ(change.world.disk.ledger->entries.size(), 12U);
}

TEST(ACrash, InTheMiddleOfTheUndoIsUndoneOnceMore) {
  for (const char* place : {"after_apply", "mid"}) {
    Change change;
    place == std::string("mid") ? void(change.world.kernel.dies_after = 7) : void(change.world.kill_at = place);
    change.world.offer(change.next);
    for (std::size_t n = 1; n < 6; ++n) {  // the restart is killed again and again, each time a little later
      change.world.kernel.dies_after = n;
      change.world.boot();
    }
    change.world.boot();
    EXPECT_EQ(sorted(in_kernel(change.world)), sorted(change.before)) << place;
  }
}

TEST(ACrash, FollowedByARebootEnforcesTheConfirmedGenerationOnAnEmptyKernel) {
  Change change;
  change.world.kernel.dies_after = 5;
  change.world.offer(change.next);
  change.world.reboot();
  EXPECT_EQ(change.world.kernel.snapshot().routes.size(), 12U);
  EXPECT_EQ(change.world.core().status().generations.running.value, 1U);
}

TEST(ARestart, RepeatsNothingOfAnOrderlyApply) {
  Change change;
  change.world.offer(change.next);
  const std::size_t writes = change.world.kernel.writes();
  const std::size_t results = events_of<session::GenerationResult>(change.world).size();
  change.world.boot();
  EXPECT_EQ(change.world.kernel.writes(), writes);
  EXPECT_EQ(events_of<session::GenerationResult>(change.world).size(), results);
}

TEST(AFullDisk, AtAnyFileOfAnApplyLeavesTheOldOrTheNewAndNeverHalf) {
  for (const char* place : {"highest", "journal", "previous", "confirmed", "ledger"}) {
    Change change;
    change.world.full_from = place;
    change.world.offer(change.next);
    const bool is_new = place == std::string("ledger");
    EXPECT_EQ(in_kernel(change.world).size(), is_new ? 15U : 13U) << place;
    EXPECT_EQ(change.world.core().status().generations.running.value, is_new ? 2U : 1U) << place;
    EXPECT_FALSE(change.world.core().status().storage_error.empty()) << place;
    change.world.full_from.clear();
    change.world.disk.is_full = false;
    change.world.pass(Seconds{12});
    EXPECT_TRUE(change.world.core().status().storage_error.empty()) << place;
    EXPECT_FALSE(change.world.disk.journal) << place;
    // Before the first change nothing was decided: it is applied when the disk takes writes. Undone stays undone.
    const bool was_undone = place == std::string("previous") || place == std::string("confirmed");
    EXPECT_EQ(change.world.core().status().generations.running.value, was_undone ? 1U : 2U) << place;
    change.next.generation = Generation{3};
    change.world.offer(change.next);
    EXPECT_EQ(change.world.core().status().generations.running.value, 3U) << place;
  }
}

}  // namespace
}  // namespace ondol::agent
