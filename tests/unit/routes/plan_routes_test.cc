#include "common/resources/routes/plan_routes.h"

#include <gtest/gtest.h>

#include "tests/unit/routes/kernel_model.h"
#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::routes {
namespace {

const Route kWanted = unicast("10.20.0.0/16", "10.0.0.1");
const Route kOther = unicast("10.20.0.0/16", "10.0.0.2");

RoutesIntent take_over(std::vector<Route> routes) {
  RoutesIntent intent = enforce(std::move(routes));
  intent.on_conflict = OnConflict::kTakeOver;
  return intent;
}

RoutesIntent remove_unlisted(std::vector<Route> routes) {
  RoutesIntent intent = enforce(std::move(routes));
  intent.unlisted = Unlisted::kRemove;
  return intent;
}

std::vector<std::string> destinations(const RoutePlan& plan) {
  std::vector<std::string> texts;
  for (const RouteOp& op : plan.operations) texts.push_back(render(op.route.key.destination));
  return texts;
}

TEST(PlanRoutes, mode_report_plans_nothing_at_all) {
  RoutesIntent intent = take_over({kWanted});
  intent.mode = Mode::kReport;
  EXPECT_EQ(plan_routes(intent, snapshot({foreign(kOther), ours(blackhole("192.0.2.0/24"))}), {}), RoutePlan{});
}

TEST(PlanRoutes, a_missing_route_is_added_with_our_protocol) {
  const RoutePlan plan = plan_routes(enforce({kWanted}), snapshot({}), {});
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_EQ(plan.operations[0], (RouteOp{OpKind::kAdd, kWanted, kOurProtocol, std::nullopt, false}));
}

TEST(PlanRoutes, an_overwritten_route_is_taken_back_in_place_also_without_take_over) {
  const RoutePlan plan = plan_routes(enforce({kWanted}), snapshot({overwritten(kOther)}), {});
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_EQ(plan.operations[0],
            (RouteOp{OpKind::kReplace, kWanted, kOurProtocol, overwritten(kOther), false}));
}

TEST(PlanRoutes, a_conflict_is_left_alone_and_named_unless_the_layer_takes_over) {
  const RoutePlan report = plan_routes(enforce({kWanted}), snapshot({foreign(kOther)}), {});
  EXPECT_TRUE(report.operations.empty());
  ASSERT_EQ(report.left_alone.size(), 1U);
  EXPECT_EQ(report.left_alone[0].state, RouteState::kConflict);
  const RoutePlan taken = plan_routes(take_over({kWanted}), snapshot({foreign(kOther)}), {});
  ASSERT_EQ(taken.operations.size(), 1U);
  EXPECT_EQ(taken.operations[0].kind, OpKind::kReplace);
  EXPECT_EQ(taken.operations[0].before, foreign(kOther));
  EXPECT_TRUE(taken.left_alone.empty());
}

TEST(PlanRoutes, a_satisfied_route_is_left_unmarked_unless_the_layer_takes_over_and_then_keeps_its_value) {
  const Route seen = unicast("10.20.0.0/16", "10.0.0.1", "eth0");
  EXPECT_EQ(plan_routes(enforce({kWanted}), snapshot({foreign(seen)}), {}).operations.size(), 0U);
  const RoutePlan plan = plan_routes(take_over({kWanted}), snapshot({foreign(seen)}), {});
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_EQ(plan.operations[0], (RouteOp{OpKind::kReplace, seen, kOurProtocol, foreign(seen), false}));
}

TEST(PlanRoutes, a_route_of_ours_that_intent_lacks_is_withdrawn_with_our_protocol) {
  const RoutePlan plan = plan_routes(enforce({}), snapshot({ours(kWanted)}), {});
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_EQ(plan.operations[0], (RouteOp{OpKind::kRemove, kWanted, kOurProtocol, ours(kWanted), false}));
  EXPECT_EQ(plan.removals, 1U);
}

TEST(PlanRoutes, unlisted_routes_of_others_go_only_with_remove_and_only_when_intent_changes) {
  const auto seen = snapshot({foreign(kOther)});
  EXPECT_TRUE(plan_routes(enforce({}), seen, {}).operations.empty());
  EXPECT_EQ(plan_routes(remove_unlisted({}), seen, {}).operations.size(), 1U);
  const RoutePlan repair = plan_routes(remove_unlisted({}), seen, {.remove_unlisted = false, .never_remove_covering = {}});
  EXPECT_TRUE(repair.operations.empty());
  EXPECT_EQ(repair.left_alone.size(), 1U);
}

TEST(PlanRoutes, remove_never_touches_default_link_scope_or_protected_routes_of_others) {
  Route link = unicast("10.3.0.0/16", "10.0.0.1", "eth0");
  link.value.scope = 253;
  const auto seen = snapshot({foreign(unicast("0.0.0.0/0", "10.0.0.1"), kProtocolBoot),
                              foreign(unicast("::/0", "fe80::1", "eth0")), foreign(unicast("10.2.0.0/16", "", "eth0")),
                              foreign(link), foreign(unicast("10.1.0.0/16", "10.0.0.1")),
                              foreign(unicast("10.4.0.0/16", "10.0.0.1"))});
  const RoutePlan plan = plan_routes(remove_unlisted({}), seen,
                                     {.remove_unlisted = true, .never_remove_covering = {parse_prefix("10.1.2.3").value()}});
  EXPECT_EQ(destinations(plan), std::vector<std::string>{"10.4.0.0/16"});
  EXPECT_EQ(plan.left_alone.size(), 5U);
}

TEST(PlanRoutes, our_own_default_route_is_withdrawn_when_intent_lacks_it) {
  EXPECT_EQ(plan_routes(enforce({}), snapshot({ours(unicast("0.0.0.0/0", "10.0.0.1"))}), {}).removals, 1U);
}

TEST(PlanRoutes, ignored_routes_stay_and_are_not_even_mentioned) {
  RoutesIntent intent = remove_unlisted({});
  intent.ignore = {{"cali*", 0}};
  const RoutePlan plan = plan_routes(intent, snapshot({foreign(unicast("10.1.0.0/16", "10.0.0.1", "cali7"))}), {});
  EXPECT_TRUE(plan.operations.empty());
  EXPECT_TRUE(plan.left_alone.empty());
}

TEST(PlanRoutes, what_opens_comes_before_what_closes) {
  const auto seen = snapshot({ours(unicast("10.1.0.0/16", "10.0.0.1")), overwritten(unicast("10.3.0.0/16", "10.0.0.9"))});
  const RoutePlan plan =
      plan_routes(enforce({unicast("10.2.0.0/16", "10.0.0.1"), unicast("10.3.0.0/16", "10.0.0.1")}), seen, {});
  EXPECT_EQ(destinations(plan), (std::vector<std::string>{"10.2.0.0/16", "10.3.0.0/16", "10.1.0.0/16"}));
}

TEST(PlanRoutes, a_gateway_is_reachable_before_the_routes_through_it_and_leaves_after_them) {
  const std::vector<Route> chain{unicast("10.1.0.0/16", "10.200.0.1"), unicast("10.200.0.0/24", "10.250.0.1"),
                                 unicast("10.250.0.1/32", "", "eth0")};
  const RoutePlan plan = plan_routes(enforce(chain), snapshot({}), {});
  EXPECT_EQ(destinations(plan), (std::vector<std::string>{"10.250.0.1/32", "10.200.0.0/24", "10.1.0.0/16"}));
  const auto seen = snapshot({ours(chain[0]), ours(chain[1]), ours(chain[2])});
  EXPECT_EQ(destinations(plan_withdrawal(seen)),
            (std::vector<std::string>{"10.1.0.0/16", "10.200.0.0/24", "10.250.0.1/32"}));
}

TEST(PlanRoutes, an_onlink_gateway_waits_for_nobody) {
  Route onlink = unicast("10.1.0.0/16", "10.200.0.1", "eth0");
  onlink.value.nexthops[0].onlink = true;
  const RoutePlan plan = plan_routes(enforce({onlink, unicast("10.200.0.0/24", "", "eth0")}), snapshot({}), {});
  EXPECT_EQ(destinations(plan), (std::vector<std::string>{"10.1.0.0/16", "10.200.0.0/24"}));
}

TEST(PlanRoutes, gateways_that_depend_on_each_other_end_in_a_plan_all_the_same) {
  const RoutePlan plan =
      plan_routes(enforce({unicast("10.1.0.0/16", "10.2.0.1"), unicast("10.2.0.0/16", "10.1.0.1"),
                           unicast("10.3.0.0/16", "10.3.0.1")}), snapshot({}), {});
  EXPECT_EQ(plan.operations.size(), 3U);
}

TEST(PlanRoutes, withdrawal_takes_ours_and_nothing_else) {
  const RoutePlan plan = plan_withdrawal(snapshot({ours(kWanted), foreign(unicast("10.30.0.0/16", "10.0.0.1")),
                                                   {unicast("10.40.0.0/16", "10.0.0.1"), kOurProtocol, Ownership::kForeign}}));
  EXPECT_EQ(destinations(plan), std::vector<std::string>{"10.20.0.0/16"});
}

TEST(PlanRoutes, the_inverse_of_removing_one_of_two_routes_of_a_key_appends_it_again) {
  const auto before = snapshot({ours(kWanted), foreign(kOther)});
  const RoutePlan plan = plan_routes(remove_unlisted({kWanted}), before, {});
  KernelModel kernel(before.routes);
  ASSERT_EQ(kernel.apply(plan.operations), "");
  EXPECT_EQ(kernel.snapshot(), snapshot({ours(kWanted)}));
  ASSERT_EQ(kernel.apply(inverse(plan.operations)), "");
  EXPECT_EQ(kernel.snapshot(), before);
}

TEST(PlanRoutes, the_inverse_of_a_replace_restores_value_and_protocol) {
  const auto undone = inverse(plan_routes(take_over({kWanted}), snapshot({foreign(kOther)}), {}).operations);
  ASSERT_EQ(undone.size(), 1U);
  EXPECT_EQ(undone[0].kind, OpKind::kReplace);
  EXPECT_EQ(undone[0].route, kOther);
  EXPECT_EQ(undone[0].protocol, kProtocolStatic);
}

Route with_realms(Route route) {
  route.value.unmodelled = "0b01010101";
  return route;
}

TEST(PlanRoutes, a_foreign_route_that_could_not_be_put_back_is_neither_taken_over_nor_removed) {
  for (const Route& there : {with_realms(kOther), with_realms(kWanted)}) {
    const RoutePlan plan = plan_routes(take_over({kWanted}), snapshot({foreign(there)}), {});
    EXPECT_TRUE(plan.operations.empty());
    ASSERT_EQ(plan.left_alone.size(), 1U);
    EXPECT_EQ(plan.left_alone[0].state, RouteState::kConflict);
  }
  EXPECT_TRUE(plan_routes(remove_unlisted({}), snapshot({foreign(with_realms(kOther))}), {}).operations.empty());
}

TEST(PlanRoutes, our_own_route_is_taken_back_whatever_attributes_it_was_given) {
  for (const ObservedRoute& there : {overwritten(with_realms(kWanted)), ours(with_realms(kWanted))}) {
    const RoutePlan plan = plan_routes(enforce({kWanted}), snapshot({there}), {});
    ASSERT_EQ(plan.operations.size(), 1U);
    EXPECT_EQ(plan.operations[0].kind, OpKind::kReplace);
    EXPECT_EQ(plan.operations[0].route, kWanted);
    EXPECT_EQ(inverse(plan.operations)[0].route.value.unmodelled, "");
  }
}

RoutePlan plan_that_removes(std::size_t removals, std::size_t owned) {
  RoutePlan plan;
  plan.removals = removals;
  plan.owned_before = owned;
  return plan;
}

TEST(MassDelete, is_more_than_30_percent_of_ten_or_more) {
  EXPECT_FALSE(is_mass_delete(plan_that_removes(9, 9)));
  EXPECT_FALSE(is_mass_delete(plan_that_removes(3, 10)));
  EXPECT_TRUE(is_mass_delete(plan_that_removes(4, 10)));
  EXPECT_FALSE(is_mass_delete(plan_that_removes(600, 2000)));
  EXPECT_TRUE(is_mass_delete(plan_that_removes(601, 2000)));
  EXPECT_FALSE(is_mass_delete(plan_that_removes(0, 0)));
}

TEST(MassDelete, counts_unlisted_routes_of_others_that_a_plan_removes) {
  std::vector<ObservedRoute> seen;
  for (int i = 0; i < 20; ++i) seen.push_back(foreign(unicast("10." + std::to_string(i) + ".0.0/16", "10.0.0.1")));
  EXPECT_TRUE(is_mass_delete(plan_routes(remove_unlisted({}), snapshot(seen), {})));
}

TEST(MassDelete, emptying_the_list_of_a_managed_host_is_one) {
  std::vector<ObservedRoute> seen;
  for (int i = 0; i < 20; ++i) seen.push_back(ours(unicast("10." + std::to_string(i) + ".0.0/16", "10.0.0.1")));
  EXPECT_TRUE(is_mass_delete(plan_routes(enforce({}), snapshot(seen), {})));
}

}  // namespace
}  // namespace ondol::routes
