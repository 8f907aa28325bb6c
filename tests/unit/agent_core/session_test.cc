#include <gtest/gtest.h>

#include "tests/unit/agent_core/intents.h"

namespace ondol::agent {
namespace {

template <typename Message>
std::size_t count(const fakes::AgentWorld& world) {
  return static_cast<std::size_t>(std::ranges::count_if(world.sent, [](const auto& m) { return std::holds_alternative<Message>(m); }));
}

TEST(ASession, ThatChangesNothingSendsOnlyHeartbeats) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(100)));
  world.pass(Seconds{60});
  world.sent.clear();
  const std::size_t events = world.events.size();
  world.pass(Seconds{3600});
  EXPECT_EQ(count<session::Heartbeat>(world), world.sent.size());
  EXPECT_EQ(world.sent.size(), 120U);
  EXPECT_EQ(world.events.size(), events);
}

TEST(ASession, SaysChangedNumbersOnceMoreWithTheNextHeartbeat) {
  fakes::AgentWorld world;
  start(world);
  world.pass(Seconds{1});
  world.sent.clear();
  world.offer(desired(1, many(3)));
  const std::size_t said = count<session::GenerationStatus>(world);
  world.pass(Seconds{31});
  ASSERT_EQ(count<session::GenerationStatus>(world), said + 1);
  EXPECT_EQ(std::get<session::GenerationStatus>(world.sent.back()).running, Generation{1});
  world.pass(Seconds{300});
  EXPECT_EQ(count<session::GenerationStatus>(world), said + 1);
}

// Nothing to do: the value is what the collector holds, and a heartbeat out of turn says that it still is.
TEST(ASession, BeatsAtOnceWhenAGenerationChangedNoRoute) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(3)));
  world.pass(Seconds{1});
  world.sent.clear();
  world.offer(desired(2, many(3)));
  world.pass(Milliseconds{100});
  EXPECT_EQ(count<session::Heartbeat>(world), 1U);
}

TEST(ASession, IsDialledWithFullJitterWhileTheCollectorIsAway) {
  fakes::AgentWorld world;
  start(world);
  world.set_collector(false);
  world.pass(Seconds{3600});
  const auto status = world.core().status();
  EXPECT_EQ(status.session, SessionState::kDown);
  EXPECT_EQ(status.session_reason, "connection refused");
  world.set_collector(true);
  world.pass(Seconds{61});
  EXPECT_EQ(world.core().status().session, SessionState::kUp);
}

TEST(ASession, TellsTheHeldDigestAndTheOldestEventAfterAReconnect) {
  fakes::AgentWorld world;
  start(world);
  world.offer(desired(1, many(3)));
  world.pass(Seconds{1});
  world.set_collector(false);
  world.edit(session::ChangeKind::kRemoved, many(3)[0], "while away");
  const EventSequence told = world.events.back().sequence;
  world.set_collector(true);
  world.sent.clear();
  world.pass(Seconds{61});
  const auto& hello = std::get<session::Hello>(world.sent.at(0));
  EXPECT_EQ(hello.held.size(), 1U);
  EXPECT_EQ(hello.next_event.value, told.value + 1);
  EXPECT_EQ(hello.status.running.value, 1U);
  EXPECT_TRUE(world.disk.events.empty()) << "everything was acknowledged";
}

TEST(ASession, WhoseCollectorKnowsHigherNumbersNeverGivesThemAgain) {
  fakes::AgentWorld world;
  start(world);
  session::Welcome welcome;
  welcome.durable_event = EventSequence{500};
  world.set_collector(false);
  world.happen(SessionClosed{"", false});
  world.collector_answers = true;
  world.welcome_durable = EventSequence{500};
  world.pass(Seconds{61});
  world.offer(desired(1, many(1)));
  EXPECT_GT(world.events.back().sequence.value, 500U);
}

TEST(ASession, OfAnAgentWhoseDirectoryWasWipedMovesItsEventsAboveWhatTheCollectorHas) {
  fakes::AgentWorld world;
  world.welcome_durable = EventSequence{500};
  start(world);
  ASSERT_EQ(world.disk.events.size(), 0U);
  EXPECT_EQ(world.core().status().oldest_event.value, 502U) << "the one event of the start was told as 501";
  world.offer(desired(1, many(1)));
  EXPECT_EQ(world.events.back().sequence.value, 503U) << "the trial and its outcome";
}

TEST(ASession, MovesNothingWhenTheCollectorHasLessThanWeGave) {
  fakes::AgentWorld world;
  start(world);
  world.set_collector(false);
  world.edit(session::ChangeKind::kAdded, routes::unicast("10.20.0.0/16", "10.0.0.1"), "", 4);
  const EventSequence told = world.events.back().sequence;
  world.boot();
  world.set_collector(true);
  world.pass(Seconds{61});
  EXPECT_EQ(world.events.back().sequence.value, told.value + 1) << "the start";
  EXPECT_TRUE(world.disk.events.empty());
}

TEST(ASession, ThatIsNotAnsweredIsClosedAndDialledAgain) {
  fakes::AgentWorld world;
  start(world);
  world.collector_acknowledges = false;
  world.edit(session::ChangeKind::kAdded, routes::unicast("10.20.0.0/16", "10.0.0.1"), "", 4);
  world.pass(Seconds{59});
  EXPECT_EQ(world.core().status().session, SessionState::kUp);
  world.collector_answers = false;
  world.pass(Seconds{2});
  EXPECT_EQ(world.core().status().session, SessionState::kDown);
}

TEST(AGoodbye, IsObeyedForAsLongAsItAsks) {
  fakes::AgentWorld world;
  start(world);
  world.happen(SessionReceived{session::Goodbye{"draining", Milliseconds{120'000}}});
  world.sent.clear();
  world.pass(Seconds{119});
  EXPECT_EQ(count<session::Hello>(world), 0U);
  world.pass(Seconds{5});
  EXPECT_EQ(count<session::Hello>(world), 1U);
}

TEST(AnOffer, BeforeTheWelcomeIsNotTaken) {
  fakes::AgentWorld world;
  world.kernel.set_link("eth0", true, {{parse_address("10.0.0.5").value(), 24}});
  world.boot();
  world.offer(desired(1, many(1)));
  EXPECT_EQ(world.kernel.snapshot().routes.size(), 0U);
}

TEST(ASession, ComesBackWhenItWasToldToAndNotMuchLater) {
  fakes::AgentWorld world;
  start(world);
  world.happen(SessionReceived{session::Goodbye{"stopping", Seconds{20}}});
  EXPECT_EQ(world.core().status().session, SessionState::kDown);
  world.pass(Milliseconds{19'900});
  EXPECT_EQ(world.core().status().session, SessionState::kDown);
  world.pass(Milliseconds{5'700});
  EXPECT_EQ(world.core().status().session, SessionState::kUp);
}

TEST(ASession, ThatIsTurnedAwayAgainAndAgainStillComesWhenTold) {
  fakes::AgentWorld world;
  start(world);
  for (int i = 0; i < 20; ++i) {
    world.happen(SessionReceived{session::Goodbye{"no more connections now", Milliseconds{1'000}}});
    world.pass(Milliseconds{1'800});
    ASSERT_EQ(world.core().status().session, SessionState::kUp) << "told " << i << " times";
  }
}

// Each of its connections is welcomed and dies at once: being welcomed has earned it nothing.
TEST(ASession, WhoseConnectionsDieAtOnceIsDialledEverMoreRarely) {
  fakes::AgentWorld world;
  start(world);
  int dialled = 0;
  for (int second = 0; second < 1'200; ++second) {
    if (world.core().status().session == SessionState::kUp) {
      ++dialled;
      world.happen(SessionClosed{"the connection was reset", false});
    }
    world.pass(Seconds{1});
  }
  EXPECT_LT(dialled, 80) << "with a back-off that each welcome takes back it would be hundreds";
  EXPECT_GT(dialled, 20) << "60 s at most, 30 s on average";
}

}  // namespace
}  // namespace ondol::agent
