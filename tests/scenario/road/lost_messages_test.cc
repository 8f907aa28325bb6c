// One story, and every single frame of it lost, doubled, or the last one before the stream breaks: however it goes, both
// sides end where they would have ended, they agree, and nothing is stored twice.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/wire/routes_wire.h"
#include "tests/fakes/agent_script.h"
#include "tests/fakes/collector_words.h"
#include "tests/scenario/road/road.h"

namespace ondol::scenario {
namespace {

constexpr const char* kHost = "web-01";

void write(Road& road, const std::vector<std::string>& lines) {
  road.collector.commit_desired(kHost, parse_desired(lines));
  road.settle();
}

void edit(Road& road, const std::string& command) {
  play(road.host(kHost).world, {command});
  road.settle();
}

// How long the story waits after each step: long enough to get over a loss, or only a moment.
constexpr std::chrono::minutes kPatient{3};
constexpr Milliseconds kHasty{300};

// Hand edits between three generations, the last one refused because it would remove everything.
void tell_story(Road& road, Nanoseconds pause) {
  road.add(kHost, kHost);
  road.pass(pause);
  write(road, {"offer 1", "10.20.0.0/16 via 10.0.0.1", "10.30.0.0/16 via 10.0.0.1", "192.0.2.0/24 blackhole"});
  road.pass(pause);
  edit(road, "hand del 10.20.0.0/16 as ip route del 10.20.0.0/16");
  edit(road, "hand replace 10.30.0.0/16 via 10.0.0.66 as ip route replace 10.30.0.0/16 via 10.0.0.66");
  edit(road, "hand add 10.99.0.0/16 via 10.0.0.1 as ip route add 10.99.0.0/16 via 10.0.0.1");
  road.pass(pause);
  write(road, {"offer 2 take_over", "10.20.0.0/16 via 10.0.0.1", "10.30.0.0/16 via 10.0.0.1", "10.40.0.0/16 via 10.0.0.1"});
  road.pass(pause);
  edit(road, "hand lose 10.30.0.0/16");
  road.pass(Seconds{10});
  write(road, {"offer 3"});
  road.pass(pause);
  edit(road, "hand del 10.99.0.0/16 as ip route del 10.99.0.0/16");
  road.pass(pause);
}

void calm_down(Road& road) {
  road.fate = nullptr;
  road.pass(std::chrono::minutes{4});
}

std::string drift_of(const Road& road) {
  std::vector<std::string> lines;
  for (const auto& [id, drift] : road.collector.drifts_) {
    lines.push_back(fmt::format("{} {}, {} times: {}", to_string(drift.kind), to_string(drift.outcome), drift.count, render(drift)));
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

// Everything that must be the same however the messages went.
std::string ending(Road& road) {
  fakes::AgentWorld& world = road.host(kHost).world;
  return play(world, {"show kernel"}) + play(world, {"show states"}) + collector::render_hosts(road.collector) + drift_of(road);
}

constexpr const char* kEnding = R"(10.20.0.0/16 via 10.0.0.1 dev eth0 proto ondol
10.30.0.0/16 via 10.0.0.1 dev eth0 proto ondol
10.40.0.0/16 via 10.0.0.1 dev eth0 proto ondol
all in sync
web-01 online: offered 3 received 3 applied 2 running 2, 0 missing 0 changed 0 extra, 0 lost
)";

void expect_agreement(Road& road) {
  const fakes::AgentWorld& world = road.host(kHost).world;
  const HostId host{kHost};
  const auto& seen = road.collector.host(kHost);
  EXPECT_EQ(road.collector.events_[host], world.events);  // none lost, none twice
  EXPECT_TRUE(world.disk.events.empty());                 // and the spool was let go
  ASSERT_TRUE(world.report);
  EXPECT_EQ(road.collector.values_[host].payload, wire::encode(*world.report));
  EXPECT_EQ(seen.status, road.host(kHost).world.core().status().generations);
  EXPECT_EQ(seen.liveness, collector::Liveness::kOnline);
  EXPECT_EQ(seen.counts, collector::DriftCounts{});
  EXPECT_EQ(seen.desired.generation, seen.status.received);
  EXPECT_TRUE(road.host(kHost).world.core().status().not_in_sync.empty());
  EXPECT_EQ(road.collector.core().writes_out(), 0u);
}

struct Told {
  std::string ending;
  std::size_t frames = 0;
};

Told undisturbed(Nanoseconds pause) {
  Road road;
  tell_story(road, pause);
  const std::size_t frames = road.frames();
  calm_down(road);
  expect_agreement(road);
  return {ending(road), frames};
}

Road& told_with(Road& road, Nanoseconds pause, std::function<Fate(std::size_t)> fate) {
  road.fate = std::move(fate);
  tell_story(road, pause);
  calm_down(road);
  expect_agreement(road);
  return road;
}

const char* name_of(Fate fate) {
  switch (fate) {
    case Fate::kArrives: return "Arrives";
    case Fate::kIsLost: return "IsLost";
    case Fate::kArrivesTwice: return "ArrivesTwice";
    case Fate::kBreaksTheStream: return "BreaksTheStream";
    case Fate::kBreaksItForTheAgent: return "BreaksItForTheAgent";
    case Fate::kBreaksItForTheCollector: return "BreaksItForTheCollector";
  }
  return "";
}

class AnyOneFrame : public testing::TestWithParam<Fate> {
 protected:
  static std::function<Fate(std::size_t)> only(std::size_t disturbed) {
    return [disturbed](std::size_t frame) { return frame == disturbed ? GetParam() : Fate::kArrives; };
  }
};

TEST_P(AnyOneFrame, LeavesBothSidesWhereTheyWouldHaveEnded) {
  const Told expected = undisturbed(kPatient);
  ASSERT_GT(expected.frames, 60u);
  for (std::size_t disturbed = 0; disturbed < expected.frames; ++disturbed) {
    SCOPED_TRACE(fmt::format("frame {} of {}", disturbed, expected.frames));
    Road road;
    EXPECT_EQ(ending(told_with(road, kPatient, only(disturbed))), expected.ending);
  }
}

// The next step does not wait: what happens in between may differ, but the two never disagree in the end.
TEST_P(AnyOneFrame, InAHurryLeavesBothSidesAgreed) {
  const Told expected = undisturbed(kHasty);
  ASSERT_GT(expected.frames, 35u);
  for (std::size_t disturbed = 0; disturbed < expected.frames; ++disturbed) {
    SCOPED_TRACE(fmt::format("frame {} of {}", disturbed, expected.frames));
    Road road;
    told_with(road, kHasty, only(disturbed));
  }
}

// Two changes that are tried: whatever is lost, each is kept or undone as a whole, and both sides say the same of it.
void tell_tried_story(Road& road) {
  road.add(kHost, kHost);
  road.pass(Seconds{5});
  write(road, {"offer 1 trial deadline=30s", "10.20.0.0/16 via 10.0.0.1", "10.30.0.0/16 via 10.0.0.1"});
  road.pass(kPatient);
  write(road, {"offer 2 trial deadline=30s", "10.20.0.0/16 via 10.0.0.2", "10.30.0.0/16 via 10.0.0.1", "10.40.0.0/16 via 10.0.0.1"});
  road.pass(kPatient);
}

std::uint64_t expect_kept_or_undone(Road& road) {
  fakes::AgentWorld& world = road.host(kHost).world;
  const auto running = world.core().status().generations.running.value;
  const std::string routes = play(world, {"show kernel"});
  EXPECT_EQ(routes.find("10.20.0.0/16 via 10.0.0.2") != std::string::npos, running == 2);
  EXPECT_EQ(routes.find("10.40.0.0/16") != std::string::npos, running == 2);
  EXPECT_EQ(road.collector.events_[HostId{kHost}], world.events);
  EXPECT_EQ(road.collector.host(kHost).status, world.core().status().generations);
  EXPECT_FALSE(world.disk.journal || world.trial.armed || world.core().status().trial_deadline);
  return running;
}

TEST_P(AnyOneFrame, OfATrialLeavesItKeptOrUndoneAndBothSidesAgreed) {
  Road undisturbed;
  tell_tried_story(undisturbed);
  ASSERT_EQ(expect_kept_or_undone(undisturbed), 2U);
  ASSERT_GT(undisturbed.frames(), 40u);
  for (std::size_t disturbed = 0; disturbed < undisturbed.frames(); ++disturbed) {
    SCOPED_TRACE(fmt::format("frame {} of {}", disturbed, undisturbed.frames()));
    Road road;
    road.fate = only(disturbed);
    tell_tried_story(road);
    calm_down(road);
    EXPECT_EQ(expect_kept_or_undone(road), 2U) << "a contact is made again until the deadline";
  }
}

INSTANTIATE_TEST_SUITE_P(Road, AnyOneFrame,
                         testing::Values(Fate::kIsLost, Fate::kArrivesTwice, Fate::kBreaksTheStream,
                                         Fate::kBreaksItForTheAgent, Fate::kBreaksItForTheCollector),
                         [](const auto& fate) { return std::string(name_of(fate.param)); });

// A stream never loses two messages and lives: one frame in all is lost without a break.
TEST(ManyFrames, DisturbedAtRandomStillLeaveBothSidesAgreed) {
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    const std::size_t lost = random() % 60;
    Road road;
    told_with(road, seed % 2 == 0 ? Nanoseconds{kHasty} : Nanoseconds{Seconds{20}}, [&](std::size_t frame) {
      if (frame == lost) return Fate::kIsLost;
      return random() % 8 == 0 ? static_cast<Fate>(2 + random() % 4) : Fate::kArrives;
    });
  }
}

TEST(ManyFrames, TheUndisturbedStoryEndsWell) {
  const std::string end = undisturbed(kPatient).ending;
  EXPECT_EQ(end.substr(0, end.find("changed repaired")), kEnding);
}

}  // namespace
}  // namespace ondol::scenario
