#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using Disk = CollectorStage::Disk;

constexpr const char* kCard = "10.20.0.0/16 via 10.0.0.1 dev eth0";

TEST(Durability, NothingIsAcknowledgedOrPublishedBeforeTheStoreConfirms) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({kCard});
  h.stage.forget_sent();
  h.stage.disk(Disk::kHeld);
  h.tells({removed(1, kCard)});
  h.sees({});
  EXPECT_TRUE(h.stage.sends_.empty());
  EXPECT_TRUE(h.stage.published_.empty());
  h.stage.disk(Disk::kWorks);
  EXPECT_EQ(h.stage.sent<session::EventAck>(h.stream).size(), 1u);
  EXPECT_EQ(h.stage.sent<session::ValueAck>(h.stream).size(), 1u);
  EXPECT_EQ(h.stage.published_.size(), 1u) << "the comparison had nothing to add to the event";
}

TEST(Durability, OnlyOneWriteOfAHostIsInFlightAndTheRestIsMerged) {
  OneHost h;
  h.stage.forget_sent();
  h.stage.disk(Disk::kHeld);
  for (std::uint64_t i = 1; i <= 20; ++i) h.tells({removed(i, kCard)});
  EXPECT_EQ(h.stage.persists_, 1u);
  h.stage.disk(Disk::kWorks);
  EXPECT_EQ(h.stage.persists_, 2u);
  EXPECT_EQ(h.stage.host("h1").durable, EventSequence{20});
}

TEST(Durability, ADiskThatFailsKeepsSessionsUpAndLosesNothingAcknowledged) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({kCard});
  h.stage.forget_sent();
  h.stage.disk(Disk::kFails);
  h.tells({removed(1, kCard)});
  h.sees({});
  h.tells({repair(2, kCard, 1)});
  h.stage.advance(Seconds{5});
  EXPECT_TRUE(h.stage.is_open(h.stream));
  EXPECT_TRUE(h.stage.sends_.empty());
  EXPECT_EQ(h.stage.core().store_error(), "disk full");
  EXPECT_EQ(h.stage.told_.size(), 1u) << "told once";
  h.stage.disk(Disk::kWorks);
  h.stage.advance(Seconds{2});
  EXPECT_EQ(h.stage.core().store_error(), "");
  EXPECT_EQ(h.stage.told_.back().notice, Notice::kStoreHealed);
  EXPECT_EQ(h.stage.sent<session::EventAck>(h.stream).back().durable, EventSequence{2});
  EXPECT_EQ(h.stage.sent<session::ValueAck>(h.stream).back().digest, digest_of("v2"));
  EXPECT_EQ(h.stage.events_[HostId{"h1"}].size(), 2u);
}

TEST(Durability, ARestartKeepsTheIdentityOfOpenDrift) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.tells({removed(1, kCard)});
  h.stage.restart();
  const StreamId again = h.stage.open("h1");
  auto greeting = hello("h1");
  greeting.status = runs(1);
  h.stage.say(again, greeting);
  h.stage.say(again, batch({repair(2, kCard, 1)}));
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).outcome, session::DriftOutcome::kRepaired);
  EXPECT_EQ(h.drift(1).author, kim());
}

TEST(Durability, AfterARestartAStoredValueIsComparedOnceEvenIfNothingChanges) {
  OneHost h;
  auto quiet = wants(1, {});
  quiet.routes->unlisted = routes::Unlisted::kIgnore;
  h.desires(quiet);
  h.sees({"10.9.0.0/16 via 10.0.0.9 dev eth0 proto 4"});
  h.desires(wants(2, {}));  // killed before the comparison
  h.stage.restart();
  const StreamId again = h.stage.open("h1");
  auto greeting = hello("h1");
  greeting.status = runs(2);
  h.stage.say(again, greeting);
  for (int i = 0; i < 21; ++i) {
    h.stage.say(again, beat_with("v1"));
    h.stage.advance(Seconds{30});
  }
  EXPECT_EQ(h.drifts(), 1u);
}

TEST(Durability, ACleanStopWritesWhenEachHostWasLastSeen) {
  OneHost h;
  h.stage.advance(Seconds{10});
  h.stage.forget_sent();
  h.stage.feed(Stopping{});
  EXPECT_EQ(h.stage.persists_, 1u);
}

TEST(Offers, GoOutOnlyToHostsThatLackThemAndArePaced) {
  CollectorStage stage;
  std::vector<StreamId> streams;
  for (int i = 0; i < 300; ++i) {
    const std::string host = "h" + std::to_string(i);
    stage.enrol(host);
    streams.push_back(stage.open(host));
    stage.say(streams.back(), hello(host));
  }
  RevisionCommitted committed;
  for (int i = 0; i < 300; ++i) {
    committed.desired.push_back({HostId{"h" + std::to_string(i)}, Generation{1}, Revision{"r1"}, Mode::kEnforce});
  }
  stage.feed(committed);
  EXPECT_EQ(stage.offers_.size(), kMaxOffersOut);
  for (int i = 0; i < 44; ++i) stage.say(streams[static_cast<std::size_t>(i)], runs(1));
  EXPECT_EQ(stage.offers_.size(), 300u);
}

TEST(Offers, HostsThatNeverAnswerDoNotHoldBackTheOthers) {
  CollectorStage stage;
  RevisionCommitted committed;
  for (int i = 0; i < 300; ++i) {
    const std::string host = "h" + std::to_string(i);
    stage.enrol(host);
    stage.say(stage.open(host), hello(host));
    committed.desired.push_back({HostId{host}, Generation{1}, Revision{"r1"}, Mode::kEnforce});
  }
  stage.feed(committed);
  stage.advance(Seconds{12});
  EXPECT_EQ(stage.offers_.size(), 300u);
}

TEST(Offers, OneWhoseReceiptIsNotSaidIsSentAgainAfterAMinuteUntilItIs) {
  OneHost h;
  h.stage.commit_desired("h1", wants(1, {kCard}));
  EXPECT_EQ(h.stage.offers_.size(), 1u);
  for (int i = 0; i < 4; ++i) {
    h.beats();
    h.stage.advance(Seconds{31});
  }
  EXPECT_EQ(h.stage.offers_.size(), 3u);
  h.stage.say(h.stream, runs(1));
  h.stage.advance(Seconds{80});
  EXPECT_EQ(h.stage.offers_.size(), 3u);
}

TEST(Determinism, EqualEventsGiveEqualEffects) {
  const auto play = [] {
    OneHost h;
    h.desires(wants(1, {kCard}));
    h.sees({});
    h.tells({removed(1, kCard), repair(2, kCard, 1)});
    h.stage.advance(Seconds{200});
    return std::make_pair(h.stage.drifts_, h.stage.told_.size());
  };
  EXPECT_EQ(play(), play());
}

}  // namespace
}  // namespace ondol::collector
