// Where values come from, as golden text.
#include "fleet.h"

namespace ondol::intent {
namespace {

std::string explained(const Outcome& outcome) {
  std::string text;
  for (const auto& [name, origin] : outcome.host->origins.all()) {
    text += name + (origin.removed ? " removed at " : " from ") + render(origin.place);
    for (const auto& place : origin.replaced) text += ", replaces " + render(place);
    text += origin.reason.empty() ? "\n" : " (" + origin.reason + ")\n";
  }
  return text;
}

TEST(Origins, every_value_names_the_place_that_won_and_those_it_replaced) {
  const Outcome outcome = resolve({{"global", R"(vars: { gw: 10.0.0.1, spare: x }
mode: { routes: report }
routes:
  unlisted: report
  ignore: [ { proto: 80 } ]
  list:
    - { to: 10.7.0.0/16, via: "{{ gw }}" }
    - { to: 10.8.0.0/16, via: 10.0.0.1 }
    - { to: 10.9.0.0/16, via: 10.0.0.1 }
)"},
                                   {"phase/live", R"(vars: { gw: 10.0.0.2, spare: ~ }
mode: { routes: enforce }
routes:
  list:
    - { to: 10.9.0.0/16, via: 10.0.0.2 }
    - { to: 10.8.0.0/16, remove: true, reason: "moved away" }
)"},
                                   {"host/pay-web-01", R"(routes:
  unlisted: ~
  list:
    - { to: "10.9.0.0/16", via: "{{ gw }}", reason: "card network" }
)"}});
  EXPECT_EQ(explained(outcome), R"(mode.routes from layers/phase/live.yaml:2:17, replaces layers/global.yaml:2:17
routes.ignore[proto 80] from layers/global.yaml:5:13
routes.list[10.7.0.0/16 table main metric 0] from layers/global.yaml:7:7
routes.list[10.8.0.0/16 table main metric 0] removed at layers/phase/live.yaml:6:7, replaces layers/global.yaml:8:7 (moved away)
routes.list[10.9.0.0/16 table main metric 0] from layers/host/pay-web-01.yaml:4:7, replaces layers/global.yaml:9:7, replaces layers/phase/live.yaml:5:7 (card network)
routes.unlisted removed at layers/host/pay-web-01.yaml:2:13, replaces layers/global.yaml:4:13
vars.gw from layers/phase/live.yaml:1:13, replaces layers/global.yaml:1:13
vars.spare removed at layers/phase/live.yaml:1:30, replaces layers/global.yaml:1:30
)");
}

TEST(Origins, one_route_can_be_asked_for_by_its_key) {
  const Outcome outcome = resolve({{"global", "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n"}});
  routes::RouteKey key{routes::kMainTable, parse_prefix("10.9.0.0/16").value(), 0, std::nullopt};
  ASSERT_TRUE(outcome.host->origins.of_route(key));
  EXPECT_EQ(render(outcome.host->origins.of_route(key)->place), "layers/global.yaml:1:19");
  key.metric = 1;
  EXPECT_EQ(outcome.host->origins.of_route(key), std::nullopt);
}

TEST(Origins, variables_that_a_tilde_dropped_are_told) {
  EXPECT_EQ(explained(resolve({{"global", "vars: { a: 1 }\n"}, {"app/settlement", "vars: ~\n"}})),
            "vars.a removed at layers/app/settlement.yaml:1:7, replaces layers/global.yaml:1:12\n");
}

}  // namespace
}  // namespace ondol::intent
