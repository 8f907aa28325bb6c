// Which host tries a change of intent, until when, and how it ended.
#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using session::GenerationOutcome;

session::GenerationStatus tries(std::uint64_t generation, Milliseconds left) {
  session::GenerationStatus status = runs(generation);
  status.running = Generation{generation - 1};
  status.trial = Generation{generation};
  status.trial_left = left;
  return status;
}

session::HostEvent result(std::uint64_t sequence, std::uint64_t generation, GenerationOutcome outcome,
                          const std::string& reason = "") {
  session::GenerationResult what;
  what.generation = Generation{generation};
  what.outcome = outcome;
  what.reason = reason;
  if (outcome == GenerationOutcome::kTrial) {
    what.deadline = Milliseconds{60'000};
    what.probes.push_back({{trial::ProbeKind::kCollector, "", {}, 0}, true, "answered", Milliseconds{3}});
  }
  return {EventSequence{sequence}, {}, what};
}

struct Trying : OneHost {
  Trying() {
    stage.commit_desired("h1", wants(3, {}));
    stage.say(stream, tries(3, Milliseconds{60'000}));
    stage.say(stream, batch({result(1, 3, GenerationOutcome::kTrial)}));
  }
  const TrialHead& trial() const { return *stage.host("h1").trial; }
};

TEST(Trials, ARunningTrialHasADeadlineByTheCollectorsClock) {
  Trying h;
  ASSERT_TRUE(h.stage.host("h1").trial);
  EXPECT_TRUE(h.trial().running);
  EXPECT_EQ(h.trial().generation, Generation{3});
  EXPECT_EQ(h.trial().deadline, h.stage.now().wall + Milliseconds{60'000});
  EXPECT_EQ(h.trial().before.size(), 1u);
  h.stage.advance(Seconds{2});
  EXPECT_EQ(h.stage.core().stats().trials, 1u);
}

TEST(Trials, AConfirmedOneIsOverAndCounted) {
  Trying h;
  h.stage.say(h.stream, batch({result(2, 3, GenerationOutcome::kConfirmed)}));
  h.stage.say(h.stream, runs(3));
  EXPECT_FALSE(h.trial().running);
  EXPECT_EQ(h.trial().before.size(), 1u) << "kept for people";
  EXPECT_EQ(h.stage.core().counters().trials.at("confirmed"), 1u);
  h.stage.advance(Seconds{2});
  EXPECT_EQ(h.stage.core().stats().trials, 0u);
}

TEST(Trials, ARolledBackOneIsToldWithItsReasonAndCountedByItsWord) {
  Trying h;
  h.stage.say(h.stream, batch({result(2, 3, GenerationOutcome::kRolledBack, "probe: gateway 10.0.0.1 does not answer")}));
  EXPECT_FALSE(h.trial().running);
  EXPECT_EQ(h.stage.core().counters().trials.at("probe"), 1u);
  ASSERT_EQ(h.stage.told_.size(), 1u);
  EXPECT_EQ(h.stage.told_[0].notice, Notice::kTrialRolledBack);
  EXPECT_NE(h.stage.told_[0].text.find("10.0.0.1"), std::string::npos);
}

TEST(Trials, AWordThatNobodyKnowsIsCountedAsOther) {
  Trying h;
  h.stage.say(h.stream, batch({result(2, 3, GenerationOutcome::kRolledBack, "because: of the moon")}));
  h.stage.say(h.stream, batch({result(3, 3, GenerationOutcome::kRolledBack, "confirmed: not at all")}));
  h.stage.say(h.stream, batch({result(4, 3, GenerationOutcome::kRolledBack, "restarted during trial")}));
  EXPECT_EQ(h.stage.core().counters().trials.at("restarted"), 1u);
  EXPECT_EQ(h.stage.core().counters().trials.at("other"), 2u);
}

TEST(Trials, AGenerationKeptWithoutATrialIsNoTrial) {
  OneHost h;
  h.stage.commit_desired("h1", wants(3, {}));
  h.stage.say(h.stream, batch({result(1, 3, GenerationOutcome::kConfirmed)}));
  EXPECT_TRUE(h.stage.core().counters().trials.empty());
  EXPECT_FALSE(h.stage.host("h1").trial);
}

TEST(Trials, ATrialOfTheStatusInAHelloIsKnown) {
  OneHost h;
  h.stage.hang_up(h.stream);
  const StreamId again = h.stage.open("h1");
  session::Hello greeting = hello("h1");
  greeting.status = tries(3, Milliseconds{10'000});
  h.stage.say(again, greeting);
  ASSERT_TRUE(h.stage.host("h1").trial);
  EXPECT_TRUE(h.stage.host("h1").trial->running);
}

TEST(Trials, EventsOfATrialThatIsOverDoNotMakeItRun) {
  OneHost h;
  h.stage.say(h.stream, batch({result(1, 3, GenerationOutcome::kTrial)}));
  EXPECT_FALSE(h.stage.host("h1").trial->running);
}

TEST(Trials, WhatAHostUndidIsNotOfferedAgainAtItsNextHello) {
  Trying h;
  h.stage.say(h.stream, batch({result(2, 3, GenerationOutcome::kRolledBack, "no_contact: no TCP")}));
  h.stage.hang_up(h.stream);
  h.stage.forget_sent();
  const StreamId again = h.stage.open("h1");
  session::Hello greeting = hello("h1");
  greeting.status.received = Generation{3};
  greeting.status.applied = greeting.status.running = Generation{2};
  h.stage.say(again, greeting);
  EXPECT_TRUE(h.stage.offers_.empty());
  h.stage.commit_desired("h1", wants(4, {}));
  EXPECT_EQ(h.stage.offers_.size(), 1u);
}

TEST(Trials, OfAHostThatFellSilentTheEndIsNotKnown) {
  Trying h;
  h.stage.hang_up(h.stream);
  h.stage.advance(Seconds{30});
  EXPECT_TRUE(h.trial().running);
  h.stage.advance(Seconds{31});
  EXPECT_FALSE(h.trial().running);
  EXPECT_EQ(h.stage.core().stats().trials, 0u);
}

TEST(Trials, AfterARestartAnUnfinishedTrialKeepsItsProbes) {
  Trying h;
  h.stage.restart();
  ASSERT_TRUE(h.stage.host("h1").trial);
  EXPECT_EQ(h.trial().before.size(), 1u);
  EXPECT_FALSE(h.trial().running) << "unknown until the host says so";
}

}  // namespace
}  // namespace ondol::collector
