#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using session::Welcome;

TEST(Streams, AHostWithoutARecordIsRefusedAndToldWhatToDo) {
  CollectorStage stage;
  const StreamId stream = stage.open("stranger");
  EXPECT_FALSE(stage.is_open(stream));
  EXPECT_EQ(stage.close_reasons_[stream], "no record for host stranger: import it with `ondolctl cmdb import`");
}

TEST(Streams, ACertificateThatWasNeverIssuedHereIsRefused) {
  CollectorStage stage;
  stage.enrol("h1");
  const StreamId stream = stage.open("h1", "another-serial");
  EXPECT_EQ(stage.close_reasons_[stream], "certificate unknown to this collector");
  EXPECT_EQ(stage.core().counters().identities_refused, 1u);
}

TEST(Streams, TheWelcomeSaysWhatIsHeldAndDurableAndOffered) {
  OneHost h;
  h.sees({"10.1.0.0/16 via 10.0.0.1 proto 4"});
  h.tells({removed(1, "10.1.0.0/16 via 10.0.0.1 proto 4")});
  h.stage.commit_desired("h1", wants(3, {}));
  h.stage.hang_up(h.stream);
  const StreamId again = h.stage.open("h1");
  h.stage.say(again, hello("h1", "i2"));
  const Welcome welcome = h.stage.sent<Welcome>(again).at(0);
  EXPECT_EQ(welcome.durable_event, EventSequence{1});
  EXPECT_EQ(welcome.held.at(0).digest, digest_of("v1"));
  EXPECT_EQ(welcome.offered, Generation{3});
  EXPECT_EQ(welcome.heartbeat_interval, Milliseconds{30'000});
}

TEST(Streams, AReconnectOfAHostThatRunsTheOfferIsNotOfferedAgain) {
  OneHost h;
  h.desires(wants(3, {"10.1.0.0/16 via 10.0.0.1"}));
  h.stage.hang_up(h.stream);
  h.stage.forget_sent();
  const StreamId again = h.stage.open("h1");
  auto greeting = hello("h1");
  greeting.status = runs(3);
  h.stage.say(again, greeting);
  EXPECT_TRUE(h.stage.offers_.empty());
}

TEST(Streams, AReconnectOfAHostThatLacksTheOfferIsOfferedIt) {
  OneHost h;
  h.stage.commit_desired("h1", wants(3, {"10.1.0.0/16 via 10.0.0.1"}));
  h.stage.hang_up(h.stream);
  h.stage.forget_sent();
  h.stage.say(h.stage.open("h1"), hello("h1"));
  ASSERT_EQ(h.stage.offers_.size(), 1u);
  EXPECT_EQ(h.stage.offers_[0].generation, Generation{3});
}

TEST(Streams, TheSameAgentOnANewStreamReplacesTheOld) {
  OneHost h;
  const StreamId newer = h.stage.open("h1");
  h.stage.say(newer, hello("h1"));
  EXPECT_EQ(h.stage.close_reasons_[h.stream], "replaced by a newer stream of the same agent");
  EXPECT_TRUE(h.stage.is_open(newer));
  EXPECT_EQ(h.stage.sent<Welcome>(newer).size(), 1u);
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kOnline);
}

TEST(Streams, TwoAgentsWithOneIdentityTheNewerIsRefusedAuditedAndTold) {
  OneHost h;
  h.stage.forget_sent();
  const StreamId clone = h.stage.open("h1");
  h.stage.say(clone, hello("h1", "i2"));
  ASSERT_EQ(h.stage.sent<session::ValueRequest>(h.stream).size(), 1u) << "the older is asked for a sign of life";
  EXPECT_TRUE(h.stage.sent<Welcome>(clone).empty());
  h.stage.say(h.stream, session::Heartbeat{});
  EXPECT_EQ(h.stage.close_reasons_[clone], "another agent with this identity is connected");
  EXPECT_TRUE(h.stage.is_open(h.stream));
  ASSERT_EQ(h.stage.audits_.size(), 1u);
  EXPECT_EQ(h.stage.audits_[0].action, "clone.refuse");
  ASSERT_EQ(h.stage.told_.size(), 1u);
  EXPECT_EQ(h.stage.told_[0].notice, Notice::kCloneRefused);
  EXPECT_EQ(h.stage.core().counters().clones_refused, 1u);
}

TEST(Streams, ARestartedAgentWhoseOldStreamIsHalfOpenIsWelcomeWhenTheOldGivesNoSignOfLife) {
  OneHost h;
  const StreamId newer = h.stage.open("h1");
  h.stage.say(newer, hello("h1", "i2"));
  h.stage.advance(Seconds{6});
  EXPECT_FALSE(h.stage.is_open(h.stream));
  EXPECT_EQ(h.stage.sent<Welcome>(newer).size(), 1u);
  EXPECT_TRUE(h.stage.audits_.empty());
}

TEST(Streams, ARevokedHostLosesItsStreamAtOnceAndStaysOut) {
  OneHost h;
  h.stage.revoke("h1");
  EXPECT_EQ(h.stage.close_reasons_[h.stream], "certificate revoked");
  EXPECT_EQ(h.stage.host("h1").silence_reason, "revoked");
  const StreamId again = h.stage.open("h1");
  EXPECT_EQ(h.stage.close_reasons_[again], "certificate revoked");
}

TEST(Streams, ARevokedHostThatEnrolsAgainIsWelcome) {
  OneHost h;
  h.stage.revoke("h1");
  h.stage.advance(Seconds{1});
  h.stage.issue("h1", "serial-2");
  const StreamId again = h.stage.open("h1", "serial-2");
  h.stage.say(again, hello("h1"));
  EXPECT_EQ(h.stage.sent<Welcome>(again).size(), 1u);
}

TEST(Streams, AForeignProtocolVersionIsRefused) {
  CollectorStage stage;
  stage.enrol("h1");
  const StreamId stream = stage.open("h1");
  auto greeting = hello("h1");
  greeting.protocol_version = 2;
  stage.say(stream, greeting);
  EXPECT_EQ(stage.close_reasons_[stream], "protocol version 2 is not spoken here, 1 is");
}

TEST(Liveness, ThreeMissedHeartbeatsAreSilence) {
  OneHost h;
  h.stage.advance(Seconds{89});
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kOnline);
  h.stage.advance(Seconds{3});
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kSilent);
  EXPECT_EQ(h.stage.host("h1").silence_reason, "no_heartbeat");
  EXPECT_FALSE(h.stage.is_open(h.stream));
}

TEST(Liveness, AClosedStreamIsSilentAndLaterNoTcp) {
  OneHost h;
  h.stage.hang_up(h.stream);
  EXPECT_EQ(h.stage.host("h1").silence_reason, "stream_closed");
  h.stage.advance(Seconds{92});
  EXPECT_EQ(h.stage.host("h1").silence_reason, "no_tcp");
}

TEST(Liveness, ASilentHostThatIsTurnedAwayAtTheDoorSaysSoForAsLongAsItTries) {
  OneHost h;
  h.stage.turn_away("h1");
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kOnline) << "somebody else at its address changes nothing";
  h.stage.hang_up(h.stream);
  h.stage.advance(Seconds{92});
  for (int i = 0; i < 10; ++i) {
    h.stage.turn_away("h1");
    EXPECT_EQ(h.stage.host("h1").silence_reason, "tls_refused");
    h.stage.advance(Seconds{60});
  }
  EXPECT_EQ(h.stage.core().stats().silence.at("tls_refused"), 1u);
  h.stage.advance(Seconds{181});
  EXPECT_EQ(h.stage.host("h1").silence_reason, "no_tcp");
  const StreamId again = h.stage.open("h1");
  h.stage.say(again, hello("h1"));
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kOnline);
}

TEST(Liveness, AHostThatIsBackWithAnotherBootIdWasRebootedAndOneWithTheSameWasNot) {
  OneHost h;
  h.stage.hang_up(h.stream);
  h.stage.advance(Seconds{40});
  const StreamId same = h.stage.open("h1");
  h.stage.say(same, hello("h1"));
  const auto rebooted = [&] {
    return std::ranges::count_if(h.stage.told_, [](const Tell& told) { return told.notice == Notice::kHostRebooted; });
  };
  EXPECT_EQ(rebooted(), 0);
  h.stage.hang_up(same);
  h.stage.advance(Seconds{40});
  auto greeting = hello("h1");
  greeting.boot_id = "another";
  h.stage.say(h.stage.open("h1"), greeting);
  EXPECT_EQ(rebooted(), 1);
  EXPECT_EQ(h.stage.told_.back().text, "rebooted; nothing was heard of it for 40 s");
}

TEST(Liveness, ARevokedHostStaysRevokedHoweverOftenItIsTurnedAway) {
  OneHost h;
  h.stage.revoke("h1");
  h.stage.turn_away("h1");
  EXPECT_EQ(h.stage.host("h1").silence_reason, "revoked");
}

TEST(Liveness, AnObserverWithoutProgressIsStuckAndProgressIsHealth) {
  OneHost h;
  session::Heartbeat beat;
  beat.observers.push_back({session::ResourceType::kRoutes, std::nullopt, 7, "", Milliseconds{0}});
  for (int i = 0; i < 4; ++i) {
    h.stage.say(h.stream, beat);
    h.stage.advance(Seconds{30});
  }
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kStuck);
  beat.observers[0].rounds = 8;
  h.stage.say(h.stream, beat);
  h.stage.advance(Seconds{1});
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kOnline);
}

TEST(Liveness, AfterARestartHostsAreUnknownUntilTheySpeak) {
  OneHost h;
  h.stage.restart();
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kUnknownSinceRestart);
  const StreamId again = h.stage.open("h1");
  h.stage.say(again, hello("h1"));
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kOnline);
}

TEST(Liveness, AHostThatNeverEnrolledSaysSo) {
  CollectorStage stage;
  stage.add_record("h9");
  EXPECT_EQ(stage.host("h9").liveness, Liveness::kNeverEnrolled);
}

TEST(Liveness, TheClockOffsetIsKept) {
  OneHost h;
  session::Heartbeat beat;
  beat.sent = h.stage.now().wall + Seconds{3};
  h.stage.say(h.stream, beat);
  EXPECT_EQ(h.stage.host("h1").clock_offset, Seconds{3});
}

}  // namespace
}  // namespace ondol::collector
