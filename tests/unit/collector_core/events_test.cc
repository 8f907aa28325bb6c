#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using session::DriftOutcome;
using session::RepairOutcome;

constexpr const char* kCard = "10.20.0.0/16 via 10.0.0.1 dev eth0";

struct Events : ::testing::Test {
  OneHost h;
  void SetUp() override {
    h.desires(wants(1, {kCard}));
    h.sees({kCard});
  }
};

TEST_F(Events, ARouteRemovedByHandAndPutBackIsARecordWithItsAuthor) {
  h.tells({removed(1, kCard), repair(2, kCard, 1)});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(render(h.drift(1)),
            "10.20.0.0/16 removed by `ip route del 10.20.0.0/16` (pid 4121, user kim, session 12, from 10.0.0.5); "
            "back after 0.2 ms");
  EXPECT_TRUE(h.drift(1).closed);
  EXPECT_TRUE(h.drift(1).happened);
  EXPECT_EQ(h.stage.published_.size(), 1u);
}

TEST_F(Events, ARouteReplacedByHandIsChangedAndTakenBack) {
  h.tells({replaced(1, kCard, "10.20.0.0/16 via 10.0.0.7 dev eth0 proto 3"), repair(2, kCard, 1)});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).kind, DriftKind::kChanged);
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kRepaired);
}

TEST_F(Events, ARouteAddedByHandIsExtraUntilItIsRemoved) {
  h.tells({added(1, "10.9.0.0/16 via 10.0.0.9 dev eth0 proto 3"),
           repair(2, "10.9.0.0/16 via 10.0.0.9 dev eth0 proto 3", 1, RepairOutcome::kReportOnly)});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).kind, DriftKind::kExtra);
  EXPECT_EQ(h.drift(1).reason, "report only");
  h.tells({removed(3, "10.9.0.0/16 via 10.0.0.9 dev eth0 proto 3")});
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kResolved);
}

TEST_F(Events, AnEventAfterTheComparisonEnrichesTheRecord) {
  h.sees({});
  EXPECT_FALSE(h.drift(1).author);
  h.tells({removed(1, kCard)});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).author, kim());
  EXPECT_EQ(h.drift(1).count, 1u);
  h.tells({repair(2, kCard, 1)});
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kRepaired);
}

TEST_F(Events, EventsThatExplainWhatAComparisonAlreadyClosedStillNameTheAuthor) {
  h.sees({});
  h.sees({kCard});
  h.tells({removed(1, kCard), repair(2, kCard, 1)});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kRepaired);
  EXPECT_EQ(h.drift(1).author, kim());
  EXPECT_EQ(h.drift(1).count, 1u);
}

TEST_F(Events, AValueReadJustBeforeTheRepairDoesNotReopenIt) {
  h.tells({removed(1, kCard), repair(2, kCard, 1)});
  h.sees({});
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kRepaired);
  h.sees({kCard});
  h.stage.advance(Seconds{4});
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kRepaired);
  EXPECT_EQ(h.drift(1).count, 1u);
}

TEST_F(Events, AValueThatStaysDifferentAfterTheRepairReopensIt) {
  h.tells({removed(1, kCard), repair(2, kCard, 1)});
  h.sees({});
  h.stage.advance(Seconds{4});
  h.beats();
  EXPECT_FALSE(h.drift(1).closed);
  EXPECT_EQ(h.drift(1).count, 2u);
}

TEST_F(Events, ManyRemovalsInAMomentAreOneRecordWithACount) {
  h.tells({removed(1, kCard), repair(2, kCard, 1), removed(3, kCard), repair(4, kCard, 3), removed(5, kCard),
           repair(6, kCard, 5)});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).count, 3u);
}

TEST_F(Events, ASilentVanishHasNoAuthor) {
  auto event = removed(1, kCard);
  auto& change = std::get<session::RouteChange>(event.what);
  change.kind = session::ChangeKind::kVanished;
  change.author.reset();
  h.tells({event, repair(2, kCard, 1)});
  EXPECT_EQ(render(h.drift(1)), "10.20.0.0/16 vanished without a word from the kernel; back after 0.2 ms");
}

TEST_F(Events, ASpentBudgetLeavesItContested) {
  h.tells({removed(1, kCard), repair(2, kCard, 1, RepairOutcome::kContested)});
  EXPECT_FALSE(h.drift(1).closed);
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kContested);
  EXPECT_EQ(h.stage.host("h1").counts.contested, 1u);
}

TEST_F(Events, AreAcknowledgedOnceAndReplayedOnesNotStoredAgain) {
  h.tells({removed(1, kCard), repair(2, kCard, 1)});
  h.stage.forget_sent();
  h.tells({removed(1, kCard), repair(2, kCard, 1)});
  EXPECT_EQ(h.stage.persists_, 0u);
  EXPECT_EQ(h.stage.sent<session::EventAck>(h.stream).at(0).durable, EventSequence{2});
  EXPECT_EQ(h.drift(1).count, 1u);
  EXPECT_EQ(h.stage.events_[HostId{"h1"}].size(), 2u);
}

TEST_F(Events, LostOnesAreCountedAndTold) {
  h.tells({removed(1, kCard)});
  h.tells({repair(10, kCard, 9)}, 8);
  EXPECT_EQ(h.stage.positions_[HostId{"h1"}].lost, 8u);
  EXPECT_EQ(h.stage.host("h1").lost, 8u);
  EXPECT_EQ(h.stage.told_.back().notice, Notice::kEventsLost);
}

TEST_F(Events, AGapThatNobodyAdmitsIsCountedAsLost) {
  h.tells({removed(1, kCard)});
  h.tells({repair(5, kCard, 4)});
  EXPECT_EQ(h.stage.host("h1").lost, 3u);
}

TEST_F(Events, ARefusedGenerationIsKeptAsTheLastResultAndTold) {
  session::GenerationResult result;
  result.generation = Generation{2};
  result.outcome = session::GenerationOutcome::kRefused;
  result.reason = "mass_delete: 9 of 10 routes would go";
  h.tells({{EventSequence{1}, {}, result}});
  EXPECT_EQ(h.stage.host("h1").last_result->reason, result.reason);
  EXPECT_EQ(h.stage.told_.back().text, "generation 2 refused: mass_delete: 9 of 10 routes would go");
}

TEST_F(Events, ARouteNobodyWantsAndNobodyOwnsMayGo) {
  h.tells({removed(1, "10.77.0.0/16 via 10.0.0.9 dev eth0 proto 3")});
  EXPECT_EQ(h.drifts(), 0u);
}

TEST_F(Events, ControlCharactersFromAHostAreEscapedInSentences) {
  auto event = removed(1, kCard);
  std::get<session::RouteChange>(event.what).author->command = "ip \x1b[2J route";
  h.tells({event});
  EXPECT_NE(render(h.drift(1)).find("ip \\x1b[2J route"), std::string::npos);
}

}  // namespace
}  // namespace ondol::collector
