// How far a change of intent has come: one step per host, and the worst ones named.
#include "collector/core/progress.h"

#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using session::GenerationOutcome;

session::HostEvent result(std::uint64_t sequence, std::uint64_t generation, GenerationOutcome outcome,
                          const std::string& reason) {
  session::GenerationResult what;
  what.generation = Generation{generation};
  what.outcome = outcome;
  what.reason = reason;
  return {EventSequence{sequence}, {}, what};
}

// h1 is offered generation 3 of revision r3 and has said nothing of it yet.
struct Offered : OneHost {
  Offered() { stage.commit_desired("h1", wants(3, {})); }
  Step step(bool young = false) const { return step_of(stage.host("h1"), young); }
  std::string reason() const { return reason_of(stage.host("h1"), step()); }
  Progress progress(const std::string& revision = "", std::size_t stragglers = 20) {
    return progress_of(stage.core().hosts(), {Revision{revision}, false, stragglers});
  }
};

TEST(Progress, AnOfferedGenerationIsWaitingReceivedAndApplied) {
  Offered h;
  EXPECT_EQ(h.step(), Step::kWaiting);
  session::GenerationStatus status = runs(2);
  status.received = Generation{3};
  h.stage.say(h.stream, status);
  EXPECT_EQ(h.step(), Step::kReceived);
  h.stage.say(h.stream, runs(3));
  EXPECT_EQ(h.step(), Step::kApplied);
}

TEST(Progress, ATrialIsToldWithItsDeadlineAlsoWhileTheHostIsCutOffByIt) {
  Offered h;
  session::GenerationStatus status = runs(2);
  status.received = status.applied = status.trial = Generation{3};
  status.trial_left = Milliseconds{60'000};
  h.stage.say(h.stream, status);
  EXPECT_EQ(h.step(), Step::kTrying);
  h.stage.hang_up(h.stream);
  ASSERT_EQ(h.progress().stragglers.size(), 1u);
  EXPECT_EQ(h.progress().stragglers[0].step, Step::kTrying);
  EXPECT_EQ(h.progress().stragglers[0].deadline, h.stage.now().wall + Milliseconds{60'000});
}

TEST(Progress, WhatWasRefusedOrUndoneSaysWhyInTheHostsWords) {
  Offered h;
  h.stage.say(h.stream,
              batch({result(1, 3, GenerationOutcome::kRefused, "guard: 10.0.0.0/24 is protected")}));
  EXPECT_EQ(h.step(), Step::kRefused);
  EXPECT_EQ(h.reason(), "guard: 10.0.0.0/24 is protected");
  h.stage.say(h.stream, batch({result(2, 3, GenerationOutcome::kRolledBack, "probe: gateway")}));
  EXPECT_EQ(h.step(), Step::kRolledBack);
  EXPECT_EQ(h.reason(), "probe: gateway");
}

TEST(Progress, TheEndOfAnEarlierGenerationSaysNothingOfThisOne) {
  Offered h;
  h.stage.say(h.stream, batch({result(1, 2, GenerationOutcome::kRolledBack, "probe: gateway")}));
  EXPECT_EQ(h.step(), Step::kWaiting);
}

TEST(Progress, AHeldHostIsBlockedAndAConfirmedOneIsThroughBeforeItsNumbersCome) {
  Offered h;
  session::GenerationStatus status = runs(2);
  status.blocked = "held";
  h.stage.say(h.stream, status);
  EXPECT_EQ(h.step(), Step::kBlocked);
  EXPECT_EQ(h.reason(), "held");
  h.stage.say(h.stream, batch({result(1, 3, GenerationOutcome::kConfirmed, "")}));
  EXPECT_EQ(h.step(), Step::kApplied);
}

TEST(Progress, WhoWentAMomentAgoIsAwayAndLaterUnreachable) {
  Offered h;
  h.stage.hang_up(h.stream);
  EXPECT_EQ(h.step(), Step::kAway);
  h.stage.advance(Seconds{120});
  EXPECT_EQ(h.step(), Step::kUnreachable);
  EXPECT_EQ(h.reason(), "silent: no_tcp");
}

TEST(Progress, WhoIsNotBackYetIsAwayWhileTheCollectorIsYoung) {
  Offered h;
  h.stage.restart();
  EXPECT_EQ(h.step(true), Step::kAway);
  EXPECT_EQ(h.step(false), Step::kUnreachable);
}

TEST(Progress, ARevokedHostIsNotWaitedFor) {
  Offered h;
  h.stage.revoke("h1");
  h.stage.advance(Seconds{2});
  EXPECT_EQ(h.step(), Step::kUnreachable);
  EXPECT_EQ(h.reason(), "its certificates are revoked");
}

TEST(Progress, OnlyHostsWhoseIntentCameWithTheRevisionCount) {
  Offered h;
  h.stage.enrol("h2");
  h.stage.enrol("h3");
  h.stage.commit_desired("h2", wants(4, {}));
  EXPECT_EQ(h.progress("r3").total, 1u);
  EXPECT_EQ(h.progress("r4").total, 1u);
  EXPECT_EQ(h.progress("r").total, 2u) << "how a revision begins is enough";
  EXPECT_EQ(h.progress().total, 2u) << "nothing was ever written for h3";
  EXPECT_EQ(h.progress("x").total, 0u);
}

TEST(Progress, TheWorstAreNamedFirstAndNoMoreThanAskedFor) {
  Offered h;
  for (const char* host : {"h2", "h3", "h4"}) {
    h.stage.add_record(host);
    h.stage.commit_desired(host, wants(3, {}));
  }
  h.stage.say(h.stream, batch({result(1, 3, GenerationOutcome::kRefused, "guard: hold")}));
  const Progress progress = h.progress("r3", 2);
  EXPECT_EQ(progress.total, 4u);
  EXPECT_EQ(progress.count(Step::kRefused), 1u);
  EXPECT_EQ(progress.count(Step::kUnreachable), 3u);
  ASSERT_EQ(progress.stragglers.size(), 2u);
  EXPECT_EQ(progress.stragglers[0].host, HostId{"h1"});
  EXPECT_EQ(progress.stragglers[1].host, HostId{"h2"});
  EXPECT_EQ(progress.stragglers[1].reason, "never enrolled");
}

}  // namespace
}  // namespace ondol::collector
