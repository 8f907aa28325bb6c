// Generations and withdrawals that something disturbs while they are under way.
#include <gtest/gtest.h>

#include "tests/unit/agent_core/intents.h"

namespace ondol::agent {
namespace {

using session::ChangeKind;

TEST(ARouteDeletedWhileItsGenerationIsConfirmed, IsPutBackAfterwards) {
  for (const bool was_wanted_before : {true, false}) {
    fakes::AgentWorld world;
    start(world);
    world.offer(desired(1, many(was_wanted_before ? 12 : 5)));
    world.at_point = [&](const std::string& place) {
      if (place != "after_readback") return;
      world.at_point = {};
      world.edit(ChangeKind::kRemoved, many(12)[7], "ip route del");
    };
    std::vector<routes::Route> next = many(12);
    next.push_back(routes::unicast("10.7.0.0/16", "10.0.0.1"));
    world.offer(desired(2, next));
    EXPECT_EQ(world.disk.confirmed->generation.value, 2U);
    EXPECT_EQ(world.kernel.snapshot().routes.size(), 13U) << was_wanted_before;
    EXPECT_EQ(world.core().status().by_state[routes::RouteState::kInSync], 13U);
  }
}

TEST(AnOperationWhoseAnswerIsLost, IsUndoneWithTheRest) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(3)));
  const auto before = in_kernel(world);
  world.kernel.mute_destination = "10.100.4.0/24";
  world.offer(desired(2, many(6)));
  EXPECT_EQ(world.disk.confirmed->generation.value, 1U);
  EXPECT_EQ(in_kernel(world), before);
  EXPECT_FALSE(world.disk.journal);
}

TEST(AnUndoAfterACrash, LeavesAloneWhatSomebodyWroteSince) {
  fakes::AgentWorld world;
  start(world);
  world.edit(ChangeKind::kAdded, routes::unicast("10.77.0.0/16", "10.0.0.9"), "by hand", 4);
  DesiredState next = desired(1, {routes::unicast("10.77.0.0/16", "10.0.0.1")});
  next.routes->on_conflict = routes::OnConflict::kTakeOver;
  world.kill_at = "after_apply";
  world.offer(next);
  ASSERT_TRUE(world.was_killed);
  world.kernel.edit(ChangeKind::kReplaced, false, routes::unicast("10.77.0.0/16", "10.0.0.7"), 4);
  world.boot();
  EXPECT_EQ(in_kernel(world), (std::vector<std::string>{"10.77.0.0/16 via 10.0.0.7 dev eth0 proto static"}));
  EXPECT_FALSE(world.disk.journal);
}

TEST(ADuplicateOfOurs, GoesAndTheOtherStaysOurs) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(2)));
  world.edit(ChangeKind::kAdded, routes::unicast("10.100.1.0/24", "10.0.0.8"), "ip route append", 79, true);
  std::vector<routes::Route> next = many(3);
  world.offer(desired(2, next));
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 3U);
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kInSync], 3U);
  EXPECT_TRUE(world.disk.ledger->entries.contains(next[1].key));
}

TEST(IntentThatNoLongerMentionsRoutes, RemovesNoneOfThemAndKnowsThemStill) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(12)));
  DesiredState unmanaged;
  unmanaged.generation = Generation{2};
  unmanaged.allow_mass_delete = true;
  world.offer(unmanaged);
  EXPECT_EQ(world.disk.confirmed->generation.value, 2U);
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 12U);
  world.offer(desired(3, many(11)));
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 11U) << "managed again: the one that is not mentioned goes";
}

TEST(AKeyThatSomebodyTookFirst, IsNotTakenForOursBecauseWeMeantToWriteIt) {
  fakes::AgentWorld world;
  start(world);
  world.edit(ChangeKind::kAdded, routes::unicast("10.20.0.0/16", "10.0.0.9"), "by hand", 4);
  world.offer(desired(1, {routes::unicast("10.20.0.0/16", "10.0.0.1")}));
  world.at_point = [&](const std::string& place) {  // another tool of protocol 79 comes between claim and write
    if (place != "after_ledger") return;
    world.at_point = {};
    world.kernel.edit(ChangeKind::kAdded, false, routes::unicast("10.20.0.0/16", "10.0.0.7"), 79);
  };
  world.edit(ChangeKind::kRemoved, routes::unicast("10.20.0.0/16", "10.0.0.9"), "by hand", 4);
  world.pass(Seconds{30});
  EXPECT_EQ(in_kernel(world), (std::vector<std::string>{"10.20.0.0/16 via 10.0.0.7 dev eth0 proto ondol"}));
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kConflict], 1U);
}

TEST(ARepairOfAKeyThatIsHeldTwice, IsToldOnce) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(2)));
  world.happen(LocalRequest{LocalRequest::Verb::kHold, 1, "uid 0"});
  world.edit(ChangeKind::kReplaced, routes::unicast("10.100.1.0/24", "10.0.0.7"), "ip route replace", 4);
  world.edit(ChangeKind::kAdded, routes::unicast("10.100.1.0/24", "10.0.0.8"), "ip route append", 79, true);
  world.happen(LocalRequest{LocalRequest::Verb::kRelease, 2, "uid 0"});
  world.pass(Seconds{10});
  EXPECT_EQ(world.core().status().by_state[routes::RouteState::kInSync], 2U);
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 2U);
  for (const auto& repair : events_of<session::RouteRepair>(world)) EXPECT_LT(repair.latency, Seconds{1});
}

// Two writes are under way; the first that fails or succeeds must not be taken for the other.
TEST(AFailedWriteOfTheHold, DoesNotUndoTheGenerationThatIsBeingConfirmed) {
  AgentCore core(CoreOptions{});
  const auto step = [&](Happening what) { return core.step({{WallTime{Seconds{1}}, BootTime{Seconds{100}}}, 1, std::move(what)}); };
  step(Booted{{std::nullopt, std::nullopt, std::nullopt, std::nullopt, false, {}, {}}});
  step(RoutesRead{ReadPurpose::kSweep, routes::RouteSnapshot{}, std::vector<LinkFacts>{}});
  step(SessionOpened{HostId{"web-01"}});
  step(SessionReceived{session::Welcome{}});
  DesiredState empty = desired(1, {});
  step(SessionReceived{session::DesiredOffer{empty}});
  step(RoutesRead{ReadPurpose::kBeforeApply, routes::RouteSnapshot{}, std::vector<LinkFacts>{}});
  const Effects asked = step(Persisted{StoredItem::kHighest, {}});
  ASSERT_TRUE(std::ranges::any_of(asked, [](const Effect& e) { return std::holds_alternative<PersistConfirmed>(e); }));
  const Effects after = step(Persisted{StoredItem::kHold, fail(Errc::kIo, "no space left on device")});
  EXPECT_TRUE(std::ranges::none_of(after, [](const Effect& e) { return std::holds_alternative<ApplyRoutes>(e); }));
  step(Persisted{StoredItem::kConfirmed, {}});
  EXPECT_EQ(core.status().generations.running.value, 1U);
}

TEST(TwoHolds, AreBothAnswered) {
  fakes::AgentWorld world;
  start(world);
  world.happen(LocalRequest{LocalRequest::Verb::kHold, 7, "uid 0"});
  AgentCore core(CoreOptions{});
  const auto step = [&](Happening what) { return core.step({{}, 1, std::move(what)}); };
  step(LocalRequest{LocalRequest::Verb::kHold, 1, "uid 0"});
  step(LocalRequest{LocalRequest::Verb::kRelease, 2, "uid 0"});
  std::vector<std::uint64_t> answered;
  for (int i = 0; i < 2; ++i) {
    for (const Effect& effect : step(Persisted{StoredItem::kHold, {}})) {
      if (const auto* answer = std::get_if<Answer>(&effect)) answered.push_back(answer->id);
    }
  }
  EXPECT_EQ(answered, (std::vector<std::uint64_t>{1, 2}));
}

}  // namespace
}  // namespace ondol::agent
