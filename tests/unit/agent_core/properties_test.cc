#include <gtest/gtest.h>

#include <random>

#include "tests/unit/agent_core/intents.h"

namespace ondol::agent {
namespace {

using session::ChangeKind;

// A few keys, so that the same ones are hit again and again.
routes::Route any_route(std::mt19937& random) {
  return routes::unicast(fmt::format("10.{}.0.0/16", 100 + random() % 12), fmt::format("10.0.0.{}", 1 + random() % 3));
}

void disturb(fakes::AgentWorld& world, std::mt19937& random, std::uint64_t& generation) {
  switch (random() % 12) {
    case 0:
    case 1: return world.edit(ChangeKind::kRemoved, any_route(random), "rm");
    case 2:
    case 3: return world.edit(ChangeKind::kReplaced, any_route(random), "replace", 4);
    case 4: return world.edit(ChangeKind::kAdded, any_route(random), "append", 4, true);
    case 5: return world.kernel.lose(any_route(random).key);
    case 6:
      world.kernel.set_link("eth0", random() % 2 == 0);
      return world.links_changed();
    case 7: return world.boot();
    case 8: return world.reboot();
    case 9: return world.pass(Seconds{random() % 40});
    case 10: world.reads_fail = random() % 4 == 0; return;
    default: {
      std::vector<routes::Route> wanted;
      for (int i = 0; i < 8; ++i) wanted.push_back(any_route(random));
      std::ranges::sort(wanted, {}, &routes::Route::key);
      const auto twice = std::ranges::unique(wanted, {}, &routes::Route::key);
      wanted.erase(twice.begin(), twice.end());
      DesiredState state = desired(++generation, wanted);
      state.routes->on_conflict = random() % 2 == 0 ? routes::OnConflict::kTakeOver : routes::OnConflict::kReport;
      state.allow_mass_delete = true;
      world.offer(std::move(state));
    }
  }
}

// When the disturbance ends, what is wanted is there, unless a foreign route is respected.
TEST(TheAgent, AlwaysReachesItsConfirmedIntentWhenItIsLeftInPeace) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    fakes::AgentWorld world;
    start(world);
    std::uint64_t generation = 0;
    for (int i = 0; i < 60; ++i) disturb(world, random, generation);
    world.reads_fail = false;
    world.kernel.set_link("eth0", true);
    world.links_changed();
    world.pass(Seconds{700});  // longer than a contender must stand still
    const CoreStatus status = world.core().status();
    for (const auto& object : status.not_in_sync) {
      EXPECT_TRUE(object.state == routes::RouteState::kConflict || object.state == routes::RouteState::kSatisfied)
          << "seed " << seed << ": " << render(object.key) << " " << to_string(object.state) << " " << object.reason;
    }
    const std::size_t writes = world.kernel.writes();
    world.pass(Seconds{120});
    EXPECT_EQ(world.kernel.writes(), writes) << "seed " << seed << ": at rest nothing is written";
  }
}

TEST(TheAgent, KnowsTheKernelExactlyWhenItIsLeftInPeace) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    std::mt19937 random(seed);
    fakes::AgentWorld world;
    start(world);
    std::uint64_t generation = 0;
    for (int i = 0; i < 40; ++i) disturb(world, random, generation);
    world.reads_fail = false;
    world.pass(Seconds{20});
    std::vector<std::string> known;
    for (const auto& route : world.report->snapshot.routes) known.push_back(render(route.route) + " proto " + routes::protocol_name(route.protocol));
    EXPECT_EQ(known, in_kernel(world)) << seed;
  }
}

TEST(TheAgent, GivesTheSameEffectsForTheSameEvents) {
  std::string first;
  for (int run = 0; run < 2; ++run) {
    std::mt19937 random(7);
    fakes::AgentWorld world;
    start(world);
    std::uint64_t generation = 0;
    for (int i = 0; i < 80; ++i) disturb(world, random, generation);
    const std::string transcript = world.take_transcript();
    if (run == 0) first = transcript;
    EXPECT_EQ(transcript, first);
  }
}

}  // namespace
}  // namespace ondol::agent
