// The worst thing that is wrong with a host, as one word and one sentence.
#include "collector/core/trouble.h"

#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using session::GenerationOutcome;

constexpr const char* kCard = "10.20.0.0/16 via 10.0.0.1";

struct Judging : OneHost {
  Judged judged() const { return judge(stage.host("h1")); }
  void ends(std::uint64_t sequence, std::uint64_t generation, GenerationOutcome outcome,
            const std::string& reason) {
    session::GenerationResult result;
    result.generation = Generation{generation};
    result.outcome = outcome;
    result.reason = reason;
    stage.say(stream, batch({{EventSequence{sequence}, {}, result}}));
  }
};

TEST(Troubles, AHostThatIsAsItShouldBeHasNone) {
  Judging h;
  h.desires(wants(1, {kCard}));
  h.sees({kCard});
  EXPECT_EQ(h.judged(), (Judged{Trouble::kNone, ""}));
}

TEST(Troubles, DriftIsCounted) {
  Judging h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  EXPECT_EQ(h.judged(), (Judged{Trouble::kDrift, "1 missing, 0 changed, 0 extra"}));
}

TEST(Troubles, AnUndoneGenerationIsWorseThanDriftAndOverWithTheNextOne) {
  Judging h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  h.stage.commit_desired("h1", wants(2, {kCard}));
  h.ends(1, 2, GenerationOutcome::kRolledBack, "probe: gateway");
  EXPECT_EQ(h.judged(), (Judged{Trouble::kRolledBack, "probe: gateway"}));
  h.stage.commit_desired("h1", wants(3, {kCard}));
  EXPECT_EQ(h.judged().trouble, Trouble::kDrift);
}

TEST(Troubles, ARefusedGenerationSaysWhyInTheHostsWords) {
  Judging h;
  h.stage.commit_desired("h1", wants(1, {kCard}));
  h.ends(1, 1, GenerationOutcome::kRefused, "guard: protected");
  EXPECT_EQ(h.judged(), (Judged{Trouble::kRefused, "guard: protected"}));
}

TEST(Troubles, AHeldHostIsBlocked) {
  Judging h;
  session::GenerationStatus status;
  status.blocked = "held";
  h.stage.say(h.stream, status);
  EXPECT_EQ(h.judged(), (Judged{Trouble::kBlocked, "held"}));
}

TEST(Troubles, AFailingObserverIsToldAndAStuckOneIsWorst) {
  Judging h;
  session::Heartbeat beat;
  beat.observers.push_back({session::ResourceType::kRoutes, std::nullopt, 1, "dump interrupted", {}});
  h.stage.say(h.stream, beat);
  EXPECT_EQ(h.judged(), (Judged{Trouble::kUnobserved, "dump interrupted"}));
  for (int i = 0; i < 5; ++i) {
    h.stage.advance(Seconds{20});
    h.stage.say(h.stream, beat);
  }
  h.stage.advance(Seconds{2});
  EXPECT_EQ(h.judged(), (Judged{Trouble::kStuck, "routes observer makes no progress"}));
}

TEST(Troubles, AHostThatTriesAChangeSaysWhichOne) {
  Judging h;
  h.stage.commit_desired("h1", wants(3, {}));
  session::GenerationStatus status = runs(3);
  status.running = Generation{2};
  status.trial = Generation{3};
  status.trial_left = Milliseconds{60'000};
  h.stage.say(h.stream, status);
  EXPECT_EQ(h.judged(), (Judged{Trouble::kTrial, "tries generation 3"}));
}

TEST(Troubles, WhoIsNotHereIsJudgedByThatAlone) {
  Judging h;
  h.desires(wants(1, {kCard}));
  h.sees({});
  h.stage.hang_up(h.stream);
  EXPECT_EQ(h.judged(), (Judged{Trouble::kSilent, "stream_closed"}));
  h.stage.revoke("h1");
  EXPECT_EQ(h.judged().trouble, Trouble::kRevoked);
  h.stage.add_record("h2");
  EXPECT_EQ(trouble_of(h.stage.host("h2")), Trouble::kNeverEnrolled);
}

TEST(Troubles, AfterARestartOfTheCollectorNobodyIsKnownUntilHeIsBack) {
  Judging h;
  h.desires(wants(1, {kCard}));
  h.stage.restart();
  EXPECT_EQ(h.judged(), (Judged{Trouble::kUnknownSinceRestart, "not seen since the collector started"}));
}

}  // namespace
}  // namespace ondol::collector
