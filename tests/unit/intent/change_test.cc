// What another revision makes of a host, and hosts whose change is the same.
#include "common/intent/change.h"

#include "fleet.h"

namespace ondol::intent {
namespace {

DesiredState state_of(const std::string& global) {
  const Outcome outcome = resolve({{"global", global}});
  EXPECT_TRUE(outcome.host) << outcome.lines();
  return outcome.host ? outcome.host->state : DesiredState{};
}

std::string told(const IntentChange& change) {
  std::string text;
  for (const SettingEdit& edit : change.settings)
    text += edit.name + ": " + edit.before + " -> " + edit.after + "\n";
  for (const RouteEdit& edit : change.routes) {
    text += (!edit.after   ? "- "
             : edit.before ? "~ "
                           : "+ ") +
            render(edit.key) + (edit.before ? " " + render(*edit.before) : "") +
            (edit.after ? " => " + render(*edit.after) : "") + "\n";
  }
  return text;
}

const std::string kBefore = R"(mode: { routes: enforce }
routes: { list: [ { to: 10.1.0.0/16, via: 10.0.0.1 }, { to: 10.2.0.0/16, via: 10.0.0.1 }, { to: 10.3.0.0/16, via: 10.0.0.1 } ] }
)";

TEST(Change, deletions_come_first_then_changes_then_additions) {
  const IntentChange change = diff_states(state_of(kBefore), state_of(R"(mode: { routes: report }
trial: { deadline: 90s }
routes: { unlisted: remove, ignore: [ { proto: 80 } ],
  list: [ { to: 10.0.0.0/16, via: 10.0.0.1 }, { to: 10.1.0.0/16, via: 10.0.0.1 }, { to: 10.2.0.0/16, via: 10.0.0.9 } ] }
)"));
  EXPECT_EQ(told(change), R"(mode.routes: enforce -> report
routes.unlisted: report -> remove
routes.ignore: none -> proto 80
trial.deadline: 60s -> 90s
- 10.3.0.0/16 table main metric 0 via 10.0.0.1
~ 10.2.0.0/16 table main metric 0 via 10.0.0.1 => via 10.0.0.9
+ 10.0.0.0/16 table main metric 0 => via 10.0.0.1
)");
}

TEST(Change, of_equals_is_empty) {
  EXPECT_TRUE(diff_states(state_of(kBefore), state_of(kBefore)).empty());
  DesiredState later = state_of(kBefore);
  later.generation = Generation{7};
  later.revision = Revision("r");
  later.allow_mass_delete = true;
  EXPECT_TRUE(diff_states(state_of(kBefore), later).empty());
}

TEST(Change, becoming_unmanaged_deletes_nothing_and_is_said) {
  EXPECT_EQ(told(diff_states(state_of(kBefore), state_of("vars: { a: b }\n"))),
            "routes: managed -> unmanaged\nmode.routes: enforce -> report\n");
  EXPECT_EQ(told(diff_states(DesiredState{},
                             state_of("routes: { list: [ { to: 10.1.0.0/16, via: 10.0.0.1 } ] }\n"))),
            "routes: unmanaged -> managed\n+ 10.1.0.0/16 table main metric 0 => via 10.0.0.1\n");
}

routes::ObservedRoute foreign(std::string_view to, std::string_view via,
                              routes::Ownership ownership = routes::Ownership::kForeign) {
  routes::ObservedRoute observed;
  observed.route.key.destination = parse_prefix(to).value();
  observed.route.value.nexthops.push_back({parse_address(via).value(), {}, 1, false, {}});
  observed.protocol = ownership == routes::Ownership::kOurs ? routes::kOurProtocol : routes::kProtocolStatic;
  observed.ownership = ownership;
  return observed;
}

std::string effects_told(const std::string& settings) {
  routes::RouteSnapshot observed;
  observed.routes = {foreign("10.1.0.0/16", "10.0.0.7"),
                     foreign("10.2.0.0/16", "10.0.0.1", routes::Ownership::kOurs),
                     foreign("10.9.0.0/16", "10.0.0.8")};
  std::string text;
  const DesiredState state =
      state_of("mode: { routes: enforce }\nroutes: { " + settings +
               "list: [ { to: 10.1.0.0/16, via: 10.0.0.1 }, { to: 10.2.0.0/16, via: 10.0.0.2 } ] }\n");
  for (const HostEffect& effect : outlook_of(*state.routes, observed, {}).effects) {
    text += effect.kind == EffectKind::kTakeOver        ? "takes over "
            : effect.kind == EffectKind::kRemoveForeign ? "removes "
                                                        : "leaves ";
    text += render(effect.key) + ": " + effect.before + " => " + effect.after + "\n";
  }
  return text;
}

TEST(Effects, take_overs_and_removals_of_foreign_routes_are_named_with_what_is_there_now) {
  EXPECT_EQ(effects_told(""),
            "leaves 10.1.0.0/16 table main metric 0: via 10.0.0.7 proto static => via 10.0.0.1\n");
  EXPECT_EQ(effects_told("conflict: take_over, unlisted: remove, "),
            "takes over 10.1.0.0/16 table main metric 0: via 10.0.0.7 proto static => via 10.0.0.1\n"
            "removes 10.9.0.0/16 table main metric 0: via 10.0.0.8 proto static => \n");
}

TEST(Effects, in_report_mode_nothing_is_written_so_there_are_none) {
  routes::RouteSnapshot observed;
  observed.routes = {foreign("10.1.0.0/16", "10.0.0.7")};
  const DesiredState state =
      state_of("routes: { conflict: take_over, list: [ { to: 10.1.0.0/16, via: 10.0.0.1 } ] }\n");
  EXPECT_TRUE(outlook_of(*state.routes, observed, {}).effects.empty());
}

TEST(Effects, routes_of_ours_that_go_without_being_in_the_difference_are_named_once) {
  routes::RouteSnapshot observed;
  observed.routes = {foreign("10.1.0.0/16", "10.0.0.1"), foreign("10.2.0.0/16", "10.0.0.1")};
  for (auto& held : observed.routes) {
    held.ownership = routes::Ownership::kOurs;
    held.protocol = routes::kOurProtocol;
  }
  const std::string list = "mode: { routes: enforce }\nroutes: { list: [ { to: ";
  const DesiredState had = state_of(list + "10.1.0.0/16, via: 10.0.0.1 } ] }\n");
  const DesiredState state = state_of(list + "10.3.0.0/16, via: 10.0.0.1 } ] }\n");
  const auto outlook = outlook_of(*state.routes, observed, diff_states(had, state));
  ASSERT_EQ(outlook.effects.size(), 1u);
  EXPECT_EQ(outlook.effects[0].kind, EffectKind::kRemoveOurs);
  EXPECT_EQ(render(outlook.effects[0].key), "10.2.0.0/16 table main metric 0");
  EXPECT_FALSE(outlook.is_mass_delete) << "two of two, but fewer than ten";
}

TEST(Effects, a_host_that_would_lose_too_much_of_what_it_holds_or_all_by_an_empty_list_is_a_mass_deletion) {
  routes::RouteSnapshot observed;
  for (int i = 0; i < 10; ++i)
    observed.routes.push_back(foreign("10." + std::to_string(i) + ".0.0/16", "10.0.0.8"));
  const std::string unlisted = "mode: { routes: enforce }\nroutes: { unlisted: remove, list: [ ";
  const DesiredState all = state_of(unlisted + "{ to: 10.99.0.0/16, via: 10.0.0.1 } ] }\n");
  EXPECT_TRUE(outlook_of(*all.routes, observed, {}).is_mass_delete);
  observed.routes.resize(1);
  EXPECT_FALSE(outlook_of(*all.routes, observed, {}).is_mass_delete);
  const DesiredState none = state_of(unlisted + "] }\n");
  EXPECT_TRUE(outlook_of(*none.routes, observed, {}).is_mass_delete) << "one of one, by an empty list";
}

TEST(Groups, equal_changes_are_one_way_most_hosts_first) {
  const auto change = [](const std::string& via) {
    return std::make_shared<const IntentChange>(diff_states(
        DesiredState{}, state_of("routes: { list: [ { to: 10.1.0.0/16, via: " + via + " } ] }\n")));
  };
  const HostEffect effect{EffectKind::kTakeOver, {}, "a", "b"};
  ChangeGroups groups;
  const auto shared = change("10.0.0.2");
  groups.add(HostId("a"), change("10.0.0.1"), {});
  groups.add(HostId("b"), shared, {effect});
  groups.add(HostId("c"), shared, {effect});
  groups.add(HostId("d"), change("10.0.0.2"), {});
  groups.add(HostId("e"), change("10.0.0.3"), {});
  const auto ways = groups.take();
  ASSERT_EQ(ways.size(), 3u);
  EXPECT_EQ(ways[0].hosts, (std::vector{HostId("b"), HostId("c"), HostId("d")}));
  EXPECT_EQ(ways[0].effects.at(effect), (std::vector{HostId("b"), HostId("c")}));
  EXPECT_EQ(ways[1].hosts, std::vector{HostId("a")});
  EXPECT_EQ(ways[2].hosts, std::vector{HostId("e")});
  EXPECT_TRUE(groups.take().empty());
}

}  // namespace
}  // namespace ondol::intent
