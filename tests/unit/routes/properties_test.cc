#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/routes/kernel_model.h"
#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::routes {
namespace {

constexpr int kWorlds = 500;

// One random host: few keys, so that sides meet often.
class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {
    for (std::uint32_t i = 0; i < kKeys; ++i) {
      if (chance(50)) intent_.routes.push_back(route(i));
      if (chance(60)) hold(i);
    }
    std::ranges::sort(intent_.routes, {}, &Route::key);
    sort_by_key(seen_);
    intent_.mode = Mode::kEnforce;
    intent_.unlisted = static_cast<Unlisted>(1 + pick(3));
    intent_.on_conflict = static_cast<OnConflict>(1 + pick(2));
    if (chance(30)) intent_.ignore.push_back({"cali*", 0});
  }

  RoutesIntent intent_;
  std::vector<ObservedRoute> seen_;

 private:
  static constexpr std::uint32_t kKeys = 24;

  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  bool chance(std::uint32_t percent) { return pick(100) < percent; }

  Route route(std::uint32_t i) {
    static constexpr const char* kDevices[] = {"eth0", "eth1", "cali7"};
    const std::string via = "10.255.0." + std::to_string(1 + pick(3));
    const std::string to = i == 0 ? "0.0.0.0/0" : "10." + std::to_string(i % 12) + ".0.0/16";
    Route made = chance(10) ? blackhole(to) : unicast(to, chance(85) ? via : "", kDevices[pick(3)], i / 12);
    made.key.metric = i / 12;
    made.key.table = chance(90) ? kMainTable : 100;
    return made;
  }

  void hold(std::uint32_t i) {
    ObservedRoute first{route(i), 0, Ownership::kForeign};
    first.ownership = static_cast<Ownership>(1 + pick(3));
    first.protocol = first.ownership == Ownership::kOurs ? kOurProtocol : kProtocolStatic;
    // Half the time the holder does what is wanted.
    if (chance(50) && !intent_.routes.empty() && intent_.routes.back().key == first.route.key) {
      first.route = intent_.routes.back();
    }
    const bool doubled = chance(15);
    seen_.push_back(first);
    if (!doubled) return;
    ObservedRoute second = foreign(unicast("10.77.0.0/16", "10.255.0.77", "eth0"), 80);
    second.route.key = first.route.key;
    seen_.push_back(second);
  }

  std::mt19937 random_;
};

std::string text(const RouteDifference& d) {
  return render(d.key) + " " + std::string(to_string(d.kind)) + " " + std::string(to_string(d.state)) + " wanted " +
         (d.desired ? render(*d.desired) : "-") + " seen " + (d.observed ? render(*d.observed) : "-");
}

std::vector<std::string> texts(const std::vector<RouteDifference>& differences) {
  std::vector<std::string> lines;
  for (const RouteDifference& difference : differences) lines.push_back(text(difference));
  std::ranges::sort(lines);
  return lines;
}

// The routes and who made them. What a ledger says of them and the order within one key are not for an undo to restore.
std::vector<std::string> texts(const std::vector<ObservedRoute>& routes) {
  std::vector<std::string> lines;
  for (const ObservedRoute& seen : routes) lines.push_back(render(seen.route) + " proto " + protocol_name(seen.protocol));
  std::ranges::sort(lines);
  return lines;
}

TEST(Properties, applying_the_plan_leaves_exactly_the_differences_that_the_plan_leaves_alone) {
  for (std::uint32_t seed = 0; seed < kWorlds; ++seed) {
    const World world(seed);
    KernelModel kernel(world.seen_);
    const RoutePlan plan = plan_routes(world.intent_, kernel.snapshot(), {});
    ASSERT_EQ(kernel.apply(plan.operations), "") << "seed " << seed;
    ASSERT_EQ(texts(diff_routes(world.intent_, kernel.snapshot())), texts(plan.left_alone)) << "seed " << seed;
  }
}

TEST(Properties, with_take_over_every_desired_route_ends_in_sync) {
  for (std::uint32_t seed = 0; seed < kWorlds; ++seed) {
    World world(seed);
    world.intent_.on_conflict = OnConflict::kTakeOver;
    KernelModel kernel(world.seen_);
    ASSERT_EQ(kernel.apply(plan_routes(world.intent_, kernel.snapshot(), {}).operations), "");
    for (const RouteDifference& difference : diff_routes(world.intent_, kernel.snapshot())) {
      ASSERT_EQ(difference.kind, DriftKind::kExtra) << "seed " << seed << " " << render(difference.key);
    }
  }
}

TEST(Properties, a_second_plan_after_an_apply_is_empty) {
  for (std::uint32_t seed = 0; seed < kWorlds; ++seed) {
    const World world(seed);
    KernelModel kernel(world.seen_);
    ASSERT_EQ(kernel.apply(plan_routes(world.intent_, kernel.snapshot(), {}).operations), "");
    ASSERT_TRUE(plan_routes(world.intent_, kernel.snapshot(), {}).operations.empty()) << "seed " << seed;
  }
}

TEST(Properties, the_inverse_restores_what_was_there) {
  for (std::uint32_t seed = 0; seed < kWorlds; ++seed) {
    const World world(seed);
    KernelModel kernel(world.seen_);
    const auto before = texts(kernel.snapshot().routes);
    const RoutePlan plan = plan_routes(world.intent_, kernel.snapshot(), {});
    ASSERT_EQ(kernel.apply(plan.operations), "");
    ASSERT_EQ(kernel.apply(inverse(plan.operations)), "") << "seed " << seed;
    ASSERT_EQ(texts(kernel.snapshot().routes), before) << "seed " << seed;
  }
}

TEST(Properties, every_prefix_of_a_plan_is_undone_by_the_inverse_of_that_prefix) {
  for (std::uint32_t seed = 0; seed < kWorlds / 20; ++seed) {
    const World world(seed);
    const auto before = texts(KernelModel(world.seen_).snapshot().routes);
    const RoutePlan plan = plan_routes(world.intent_, KernelModel(world.seen_).snapshot(), {});
    for (std::size_t done = 0; done <= plan.operations.size(); ++done) {
      KernelModel kernel(world.seen_);
      const std::vector<RouteOp> half(plan.operations.begin(), plan.operations.begin() + static_cast<std::ptrdiff_t>(done));
      ASSERT_EQ(kernel.apply(half), "");
      ASSERT_EQ(kernel.apply(inverse(half)), "");
      ASSERT_EQ(texts(kernel.snapshot().routes), before) << "seed " << seed << " after " << done;
    }
  }
}

TEST(Properties, a_repair_never_removes_a_route_of_others) {
  for (std::uint32_t seed = 0; seed < kWorlds; ++seed) {
    const World world(seed);
    const RoutePlan plan = plan_routes(world.intent_, KernelModel(world.seen_).snapshot(),
                                       {.remove_unlisted = false, .never_remove_covering = {}});
    for (const RouteOp& op : plan.operations) {
      ASSERT_FALSE(op.kind == OpKind::kRemove && op.before->ownership != Ownership::kOurs) << "seed " << seed;
    }
  }
}

TEST(Properties, a_default_route_of_others_is_never_removed) {
  for (std::uint32_t seed = 0; seed < kWorlds; ++seed) {
    const World world(seed);
    for (const RouteOp& op : plan_routes(world.intent_, KernelModel(world.seen_).snapshot(), {}).operations) {
      const bool foreign_default = op.route.key.destination.length == 0 && op.before && op.before->ownership != Ownership::kOurs;
      ASSERT_FALSE(op.kind == OpKind::kRemove && foreign_default) << "seed " << seed;
    }
  }
}

TEST(Properties, the_diff_of_equal_sides_is_empty_and_plans_nothing) {
  for (std::uint32_t seed = 0; seed < kWorlds; ++seed) {
    World world(seed);
    world.seen_.clear();
    for (const Route& route : world.intent_.routes) world.seen_.push_back(ours(route));
    ASSERT_TRUE(diff_routes(world.intent_, snapshot(world.seen_)).empty());
    ASSERT_EQ(plan_routes(world.intent_, snapshot(world.seen_), {}).operations.size(), 0U);
  }
}

}  // namespace
}  // namespace ondol::routes
