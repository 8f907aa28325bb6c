#include "common/resources/routes/diff_routes.h"

#include <gtest/gtest.h>

#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::routes {
namespace {

const Route kWanted = unicast("10.20.0.0/16", "10.0.0.1");
const Route kOther = unicast("10.20.0.0/16", "10.0.0.2");

RouteState state_of(std::vector<ObservedRoute> holders) { return judge_route(kWanted, holders); }

TEST(JudgeRoute, names_each_state_of_one_key) {
  EXPECT_EQ(state_of({}), RouteState::kMissing);
  EXPECT_EQ(state_of({ours(kWanted)}), RouteState::kInSync);
  EXPECT_EQ(state_of({foreign(kWanted)}), RouteState::kSatisfied);
  EXPECT_EQ(state_of({ours(kOther)}), RouteState::kChanged);
  EXPECT_EQ(state_of({overwritten(kOther)}), RouteState::kChanged);
  EXPECT_EQ(state_of({foreign(kOther)}), RouteState::kConflict);
}

TEST(JudgeRoute, a_key_of_ours_overwritten_with_the_wanted_value_is_changed_because_the_mark_is_gone) {
  EXPECT_EQ(state_of({overwritten(kWanted)}), RouteState::kChanged);
}

TEST(JudgeRoute, another_tool_that_chose_protocol_79_is_a_conflict_not_ours) {
  EXPECT_EQ(state_of({{kOther, kOurProtocol, Ownership::kForeign}}), RouteState::kConflict);
}

TEST(JudgeRoute, ours_counts_wherever_it_is_and_otherwise_the_first_holder_does) {
  EXPECT_EQ(judge_holders(kWanted, std::vector{foreign(kOther), ours(kWanted)}),
            (Standing{RouteState::kInSync, 1}));
  EXPECT_EQ(judge_holders(kWanted, std::vector{foreign(kOther), foreign(kWanted)}),
            (Standing{RouteState::kConflict, 0}));
}

TEST(DiffRoutes, equal_sides_have_no_difference) {
  EXPECT_TRUE(diff_routes(enforce({kWanted}), snapshot({ours(kWanted)})).empty());
  EXPECT_TRUE(diff_routes(enforce({}), snapshot({})).empty());
}

TEST(DiffRoutes, a_missing_route_says_what_was_wanted_and_nothing_seen) {
  const auto differences = diff_routes(enforce({kWanted}), snapshot({}));
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0], (RouteDifference{kWanted.key, DriftKind::kMissing, RouteState::kMissing, kWanted.value,
                                             std::nullopt, 0}));
}

TEST(DiffRoutes, an_overwritten_route_is_changed_with_both_values_and_the_writers_protocol) {
  const auto differences = diff_routes(enforce({kWanted}), snapshot({overwritten(kOther)}));
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].kind, DriftKind::kChanged);
  EXPECT_EQ(differences[0].state, RouteState::kChanged);
  EXPECT_EQ(differences[0].observed, kOther.value);
  EXPECT_EQ(differences[0].observed_protocol, kProtocolBoot);
}

TEST(DiffRoutes, an_appended_duplicate_of_a_desired_key_is_extra) {
  const auto differences = diff_routes(enforce({kWanted}), snapshot({ours(kWanted), foreign(kOther)}));
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].kind, DriftKind::kExtra);
  EXPECT_EQ(differences[0].observed, kOther.value);
}

TEST(DiffRoutes, a_duplicate_beside_a_changed_route_comes_first_because_kinds_are_sorted) {
  const auto differences = diff_routes(enforce({kWanted}), snapshot({overwritten(kOther), foreign(kWanted)}));
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_EQ(differences[0].kind, DriftKind::kExtra);
  EXPECT_EQ(differences[1].kind, DriftKind::kChanged);
}

TEST(DiffRoutes, unlisted_ignore_hides_foreign_routes_but_not_ours_and_not_duplicates_of_listed_keys) {
  RoutesIntent intent = enforce({kWanted});
  intent.unlisted = Unlisted::kIgnore;
  const auto seen = snapshot({ours(kWanted), foreign(kOther), foreign(unicast("10.30.0.0/16", "10.0.0.1")),
                              ours(unicast("10.40.0.0/16", "10.0.0.1"))});
  const auto differences = diff_routes(intent, seen);
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_EQ(differences[0].key, kWanted.key);
  EXPECT_EQ(differences[1].key.destination, parse_prefix("10.40.0.0/16").value());
}

TEST(DiffRoutes, the_same_destination_with_another_metric_or_table_is_another_key) {
  Route table_7 = kWanted;
  table_7.key.table = 7;
  const auto differences =
      diff_routes(enforce({kWanted}), snapshot({ours(kWanted), foreign(unicast("10.20.0.0/16", "10.0.0.1", "", 5)),
                                                foreign(table_7)}));
  EXPECT_EQ(differences.size(), 2U);
}

TEST(IgnorePatterns, match_interfaces_by_glob_and_protocols_by_number) {
  RoutesIntent intent = enforce({});
  intent.ignore = {{"cali*", 0}, {"", 80}, {"br-*-x", 4}};
  const auto hidden = [&](std::string_view dev, std::uint8_t protocol) {
    return is_ignored(intent, foreign(unicast("10.1.0.0/16", "", dev), protocol));
  };
  EXPECT_TRUE(hidden("cali12ab", 3));
  EXPECT_TRUE(hidden("cali", 3));
  EXPECT_FALSE(hidden("xcali1", 3));
  EXPECT_TRUE(hidden("eth0", 80));
  EXPECT_TRUE(hidden("br-a-b-x", 4));
  EXPECT_FALSE(hidden("br-a-b-x", 3));
  EXPECT_FALSE(hidden("br-a-b-y", 4));
}

TEST(IgnorePatterns, hide_a_route_with_several_nexthops_only_when_all_interfaces_match) {
  RoutesIntent intent = enforce({});
  intent.ignore = {{"cali*", 0}};
  Route route = unicast("10.1.0.0/16", "", "cali1");
  route.value.nexthops.push_back(unicast("10.1.0.0/16", "", "eth0").value.nexthops[0]);
  EXPECT_FALSE(is_ignored(intent, foreign(route)));
  EXPECT_FALSE(is_ignored(intent, foreign(blackhole("10.1.0.0/16"))));
}

TEST(IgnorePatterns, a_pattern_that_sets_nothing_hides_nothing) {
  RoutesIntent intent = enforce({});
  intent.ignore = {IgnorePattern{}};
  EXPECT_EQ(diff_routes(intent, snapshot({foreign(kOther)})).size(), 1U);
}

TEST(IgnorePatterns, never_hide_a_conflict_on_a_desired_key_nor_a_route_of_ours) {
  RoutesIntent intent = enforce({kWanted});
  intent.ignore = {{"*", 0}, {"", 4}, {"", 79}};
  const auto seen = snapshot({foreign(kOther), ours(unicast("10.40.0.0/16", "10.0.0.1", "eth0"))});
  EXPECT_EQ(diff_routes(intent, seen).size(), 2U);
}

}  // namespace
}  // namespace ondol::routes
