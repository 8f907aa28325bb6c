#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using routes::RouteState;
using session::DriftOutcome;

constexpr const char* kCard = "10.20.0.0/16 via 10.0.0.1 dev eth0";

TEST(Values, AWantedRouteThatIsNotThereIsMissing) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).kind, DriftKind::kMissing);
  EXPECT_FALSE(h.drift(1).author) << "a difference without an event has no author";
  EXPECT_EQ(render(h.drift(1)), "10.20.0.0/16 is missing: wanted via 10.0.0.1 dev eth0");
}

TEST(Values, ANewValueWithoutTheDifferenceResolvesIt) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  h.stage.advance(Seconds{7});
  h.sees({kCard});
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kResolved);
  EXPECT_EQ(render(h.drift(1)), "10.20.0.0/16 is missing: wanted via 10.0.0.1 dev eth0; resolved after 7.0 s");
}

TEST(Values, AnUnmanagedHostHasNoDrift) {
  OneHost h;
  h.sees({"10.9.0.0/16 via 10.0.0.9 proto 4"});
  EXPECT_EQ(h.drifts(), 0u);
}

TEST(Values, AHandMadeRouteInNoLayerIsExtra) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({kCard, "10.9.0.0/16 via 10.0.0.9 dev eth0 proto 4"});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(render(h.drift(1)), "10.9.0.0/16 via 10.0.0.9 dev eth0 is in no layer");
}

TEST(Values, UnlistedIgnoreHidesExtras) {
  OneHost h;
  auto intent = wants(1, {kCard});
  intent.routes->unlisted = routes::Unlisted::kIgnore;
  h.desires(intent);
  h.sees({kCard, "10.9.0.0/16 via 10.0.0.9 dev eth0 proto 4"});
  h.tells({added(1, "10.8.0.0/16 via 10.0.0.9 dev eth0 proto 4")});
  EXPECT_EQ(h.drifts(), 0u);
}

TEST(Values, AChangeOfIntentIsNotDriftUntilTheHostRunsIt) {
  OneHost h;
  h.desires(wants(1, {}));
  h.stage.commit_desired("h1", wants(2, {kCard}));
  h.sees({});
  EXPECT_EQ(h.drifts(), 0u) << "offered 2, running 1: pending";
  h.stage.say(h.stream, runs(2));
  h.sees({kCard});
  EXPECT_EQ(h.drifts(), 0u);
}

TEST(Values, WhilePendingAHandMadeRouteIsStillExtra) {
  OneHost h;
  h.desires(wants(1, {}));
  h.stage.commit_desired("h1", wants(2, {kCard}));
  h.sees({"10.9.0.0/16 via 10.0.0.9 dev eth0 proto 4"});
  EXPECT_EQ(h.drifts(), 1u);
}

// The host runs 1 and refuses 2, which wants nothing: ours is "extra" against 2, but that is not what the record told.
TEST(Values, PendingIntentKeepsNoRecordOpenThatToldOfSomethingElse) {
  OneHost h;
  h.desires(wants(1, {}));
  h.sees({"10.20.0.0/16 via 10.0.0.7 dev eth0 proto 4"});
  ASSERT_EQ(h.drift(1).kind, DriftKind::kExtra);
  h.stage.commit_desired("h1", wants(2, {}));
  h.sees({kCard});
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kResolved);
  EXPECT_EQ(h.drifts(), 1u);
}

TEST(Values, AMissingRouteThatTheHostNoLongerMissesIsClosedWhileIntentIsPending) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  ASSERT_EQ(h.drift(1).kind, DriftKind::kMissing);
  h.stage.commit_desired("h1", wants(2, {kCard}));
  auto still = report_of({});
  still.not_in_sync.push_back({routes::written_route(kCard).route.key, RouteState::kMissing, "held", {}, {}});
  h.sees(still);
  EXPECT_FALSE(h.drift(1).closed);
  h.sees({kCard});
  EXPECT_TRUE(h.drift(1).closed);
}

TEST(Values, AnAppliedIntentIsComparedEvenWhenTheValueNeverChanges) {
  OneHost h;
  auto quiet = wants(1, {});
  quiet.routes->unlisted = routes::Unlisted::kIgnore;
  h.desires(quiet);
  h.sees({"10.9.0.0/16 via 10.0.0.9 dev eth0 proto 4"});
  h.desires(wants(2, {}));
  EXPECT_EQ(h.drifts(), 0u);
  h.beats();
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).kind, DriftKind::kExtra);
}

TEST(Values, AnIntentThatTakesInWhatIsThereAcceptsTheDrift) {
  OneHost h;
  h.desires(wants(1, {}));
  h.sees({"10.9.0.0/16 via 10.0.0.9 dev eth0 proto 4"});
  h.desires(wants(2, {"10.9.0.0/16 via 10.0.0.9 dev eth0"}));
  h.beats();
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kAccepted);
  EXPECT_EQ(render(h.drift(1)), "10.9.0.0/16 via 10.0.0.9 dev eth0 is in no layer; accepted by a change of intent");
}

// "Applied" may overtake the value that shows it: what is stored was seen before.
TEST(Values, AValueFromBeforeAnApplyIsNeverComparedWithWhatWasApplied) {
  OneHost h;
  h.sees({});
  h.desires(wants(1, {kCard}));
  h.stage.say(h.stream, beat_with("a value that is still on its way"));
  h.stage.advance(Seconds{60});
  EXPECT_EQ(h.drifts(), 0u);
  h.sees({kCard});
  h.beats();
  EXPECT_EQ(h.drifts(), 0u);
}

// Killed between a removal and its repair, the agent repairs at its start: no event tells it, and the value is as before.
TEST(Values, ADriftWhoseEndNobodyToldIsClosedByAHeartbeatThatNamesTheStoredValue) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({kCard});
  h.tells({removed(1, kCard)});
  ASSERT_EQ(h.stage.host("h1").counts.missing, 1u);
  h.stage.advance(Seconds{3});
  h.beats();
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kResolved);
  EXPECT_EQ(h.drift(1).count, 1u);
}

TEST(Values, StatesAndReasonsComeFromTheAgent) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  auto report = report_of({});
  report.not_in_sync.push_back({routes::written_route(kCard).route.key, RouteState::kWaiting, "eth0 down", {}, {}});
  h.sees(report);
  EXPECT_EQ(h.drift(1).state, RouteState::kWaiting);
  EXPECT_EQ(render(h.drift(1)), "10.20.0.0/16 is missing: wanted via 10.0.0.1 dev eth0; waiting: eth0 down");
}

TEST(Values, AForeignRouteOnAKeyThatWasNeverOursIsAConflict) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({"10.20.0.0/16 via 10.0.0.7 dev eth0 proto 4"});
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).kind, DriftKind::kChanged);
  EXPECT_EQ(render(h.drift(1)),
            "10.20.0.0/16 is via 10.0.0.7 dev eth0, wanted via 10.0.0.1 dev eth0; conflict: the key was never ours");
}

TEST(Values, AContestedObjectNamesTheOtherWriter) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  auto report = report_of({});
  report.not_in_sync.push_back({routes::written_route(kCard).route.key, RouteState::kContested, "", kim(), {}});
  h.sees(report);
  EXPECT_EQ(h.drift(1).outcome, DriftOutcome::kContested);
  EXPECT_EQ(h.drift(1).author, kim());
  EXPECT_EQ(h.stage.host("h1").counts.contested, 1u);
}

TEST(Values, AFailedObservationNeitherOpensNorCloses) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  session::Heartbeat beat;
  beat.observers.push_back({session::ResourceType::kRoutes, std::nullopt, 3, "dump failed", Milliseconds{9}});
  h.stage.say(h.stream, beat);
  h.stage.advance(Seconds{5});
  EXPECT_FALSE(h.drift(1).closed);
  EXPECT_EQ(h.stage.host("h1").live->observation_error, "dump failed");
}

TEST(Values, ATruncatedListClosesNoExtra) {
  OneHost h;
  h.desires(wants(1, {}));
  h.sees({"10.9.0.0/16 via 10.0.0.9 dev eth0 proto 4"});
  auto torn = report_of({});
  torn.snapshot.truncated = true;
  h.sees(torn);
  EXPECT_FALSE(h.drift(1).closed);
}

TEST(Values, FlappingWithinTenMinutesIsOneRecordWithACount) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  for (int i = 0; i < 3; ++i) {
    h.sees({});
    h.stage.advance(Seconds{20});
    h.sees({kCard});
    h.stage.advance(Seconds{20});
  }
  ASSERT_EQ(h.drifts(), 1u);
  EXPECT_EQ(h.drift(1).count, 3u);
}

TEST(Values, AfterTenQuietMinutesItIsANewRecord) {
  OneHost h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  h.sees({kCard});
  for (int i = 0; i < 24; ++i) {
    h.stage.say(h.stream, session::Heartbeat{});
    h.stage.advance(Seconds{30});
  }
  h.sees({});
  EXPECT_EQ(h.drifts(), 2u);
}

TEST(Values, AValueWithADigestThatIsHeldCostsNoWrite) {
  OneHost h;
  h.sees({kCard});
  h.stage.forget_sent();
  --h.values;
  h.sees({kCard});
  EXPECT_EQ(h.stage.persists_, 0u);
  EXPECT_EQ(h.stage.sent<session::ValueAck>(h.stream).size(), 1u);
}

TEST(Values, AnUnchangedHeartbeatCostsNoWriteAndNoAnswer) {
  OneHost h;
  h.sees({kCard});
  h.stage.forget_sent();
  session::Heartbeat beat;
  beat.observers.push_back({session::ResourceType::kRoutes, digest_of("v1"), 3, "", Milliseconds{9}});
  for (int i = 0; i < 10; ++i) {
    ++beat.observers[0].rounds;
    h.stage.say(h.stream, beat);
    h.stage.advance(Seconds{30});
  }
  EXPECT_EQ(h.stage.persists_, 0u);
  EXPECT_TRUE(h.stage.sends_.empty());
}

TEST(Values, ADigestToldTwiceThatNeverArrivedIsAskedFor) {
  OneHost h;
  session::Heartbeat beat;
  beat.observers.push_back({session::ResourceType::kRoutes, digest_of("lost"), 3, "", Milliseconds{9}});
  h.stage.say(h.stream, beat);
  EXPECT_TRUE(h.stage.sent<session::ValueRequest>(h.stream).empty());
  h.stage.say(h.stream, beat);
  EXPECT_EQ(h.stage.sent<session::ValueRequest>(h.stream).size(), 1u);
}

}  // namespace
}  // namespace ondol::collector
