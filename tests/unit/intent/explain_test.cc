// Why a host has what it has, as golden text.
#include "common/intent/explain.h"

#include "fleet.h"

namespace ondol::intent {
namespace {

struct Fleet {
  std::vector<Finding> findings;
  Layers layers;
  explicit Fleet(std::initializer_list<std::pair<std::string, std::string>> files)
      : layers(parsed(files, findings)) {}

  static Layers parsed(std::initializer_list<std::pair<std::string, std::string>> files,
                       std::vector<Finding>& findings) {
    std::vector<LayerText> texts;
    for (const auto& [path, content] : files) texts.push_back({"layers/" + path + ".yaml", content});
    return Layers::parse(texts, findings);
  }
  std::string told(std::string_view key, const HostFacts& host = payment_host()) const {
    const Explanation explanation = explain(layers, host, key);
    std::string text;
    for (const ExplainedValue& value : explanation.values) {
      text += value.name + (value.in_effect ? " = " + value.value : " is not in effect") +
              (value.is_default ? ", the default\n" : "\n");
      if (value.said) text += line("said", *value.said);
      for (const Statement& statement : value.replaced) text += line("replaced", statement);
      for (const Statement& statement : value.elsewhere) text += line("elsewhere", statement);
    }
    for (const std::string& near : explanation.near) text += "near " + near + "\n";
    return text;
  }
  static std::string line(const std::string& what, const Statement& statement) {
    return "  " + what + " " + yaml::render(statement.place) +
           (statement.removes ? " removes" : " " + statement.value) +
           (statement.reason.empty() ? "" : " (" + statement.reason + ")") +
           (statement.why_not.empty() ? "" : ": " + statement.why_not) + "\n";
  }
};

const char* const kGlobal = R"(vars: { gw: 10.0.0.1 }
mode: { routes: report }
routes:
  unlisted: remove
  list:
    - { to: 10.7.0.0/16, via: "{{ gw }}", reason: "card network" }
    - { to: 10.8.0.0/16, via: 10.0.0.1 }
)";

TEST(Explain, a_value_names_what_said_it_and_what_it_replaced_lowest_first) {
  const Fleet fleet(
      {{"global", kGlobal},
       {"phase/live",
        "mode: { routes: enforce }\nroutes: { list: [ { to: 10.7.0.0/16, via: 10.0.0.2 } ] }\n"},
       {"host/pay-web-01", "routes: { list: [ { to: 10.7.0.0/16, via: 10.0.0.3, reason: moved } ] }\n"}});
  EXPECT_EQ(fleet.told("10.7.0.0/16"),
            "routes.list[10.7.0.0/16 table main metric 0] = via 10.0.0.3\n"
            "  said layers/host/pay-web-01.yaml:1:19 via 10.0.0.3 (moved)\n"
            "  replaced layers/global.yaml:6:7 via 10.0.0.1 (card network)\n"
            "  replaced layers/phase/live.yaml:2:19 via 10.0.0.2\n");
  EXPECT_EQ(fleet.told("mode.routes"),
            "mode.routes = enforce\n  said layers/phase/live.yaml:1:17 enforce\n  replaced "
            "layers/global.yaml:2:17 report\n");
}

TEST(Explain, a_value_in_a_layer_of_others_says_whose_it_is_and_what_this_record_says) {
  const Fleet fleet(
      {{"global", kGlobal},
       {"app/x",
        "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.9 }, { to: 10.8.0.0/16, via: 10.0.0.9 } ] }\n"},
       {"host/db-1", "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.8 } ] }\n"}});
  EXPECT_EQ(fleet.told("10.9.0.0/16"),
            "routes.list[10.9.0.0/16 table main metric 0] is not in effect\n"
            "  elsewhere layers/app/x.yaml:1:19 via 10.0.0.9: only for hosts with app=x; the record of "
            "pay-web-01 says app=settlement\n"
            "  elsewhere layers/host/db-1.yaml:1:19 via 10.0.0.8: only for host db-1\n");
  EXPECT_EQ(fleet.told("10.8.0.0/16", {.name = HostId("bare")}),
            "routes.list[10.8.0.0/16 table main metric 0] = via 10.0.0.1\n"
            "  said layers/global.yaml:7:7 via 10.0.0.1\n"
            "  elsewhere layers/app/x.yaml:1:55 via 10.0.0.9: only for hosts with app=x; the record of bare "
            "has no app\n");
}

TEST(Explain, a_tombstone_is_what_said_it_and_keeps_what_it_removed) {
  const Fleet fleet(
      {{"global", kGlobal},
       {"app/settlement", "routes: { list: [ { to: 10.8.0.0/16, remove: true, reason: \"gone\" } ] }\n"}});
  EXPECT_EQ(fleet.told("10.8.0.0/16"),
            "routes.list[10.8.0.0/16 table main metric 0] is not in effect\n"
            "  said layers/app/settlement.yaml:1:19 removes (gone)\n"
            "  replaced layers/global.yaml:7:7 via 10.0.0.1\n");
}

TEST(Explain, what_a_tilde_dropped_says_which_one) {
  const Fleet list({{"global", kGlobal}, {"app/settlement", "routes: { list: ~ }\n"}});
  EXPECT_EQ(
      list.told("10.8.0.0/16"),
      "routes.list[10.8.0.0/16 table main metric 0] is not in effect\n"
      "  elsewhere layers/global.yaml:7:7 via 10.0.0.1: dropped by `~` at layers/app/settlement.yaml:1:9\n");
  const Fleet whole({{"global", kGlobal}, {"app/settlement", "vars: ~\nroutes: ~\n"}});
  EXPECT_EQ(whole.told("unlisted"),
            "routes.unlisted = report, the default\n"
            "  elsewhere layers/global.yaml:4:13 remove: dropped by `~` at layers/app/settlement.yaml:2:9\n");
  EXPECT_EQ(whole.told("vars.gw"),
            "vars.gw is not in effect\n  said layers/app/settlement.yaml:1:7 removes\n  replaced "
            "layers/global.yaml:1:13 10.0.0.1\n");
}

TEST(Explain, a_setting_that_a_tilde_takes_back_has_its_default) {
  const Fleet fleet({{"global", kGlobal}, {"app/settlement", "routes: { unlisted: ~ }\n"}});
  EXPECT_EQ(fleet.told("routes.unlisted"),
            "routes.unlisted = report, the default\n  said layers/app/settlement.yaml:1:21 removes\n  "
            "replaced layers/global.yaml:4:13 remove\n");
  EXPECT_EQ(fleet.told("trial.deadline"), "trial.deadline = 60s, the default\n");
}

TEST(Explain, a_destination_that_nobody_mentions_has_the_routes_around_it_narrowest_first) {
  const Fleet fleet({{"global",
                      "routes:\n  list:\n    - { to: 10.0.0.0/8, via: 10.0.0.1 }\n    - { to: 10.7.0.0/16, "
                      "via: 10.0.0.1 }\n"
                      "    - { to: 192.0.2.0/24, type: blackhole }\n"}});
  EXPECT_EQ(fleet.told("10.7.3.0/24"),
            "near 10.7.0.0/16 table main metric 0\nnear 10.0.0.0/8 table main metric 0\n");
  EXPECT_EQ(fleet.told("10.7.3.9"),
            "near 10.7.0.0/16 table main metric 0\nnear 10.0.0.0/8 table main metric 0\n");
  EXPECT_EQ(fleet.told("172.16.0.0/12"), "");
}

TEST(Explain, a_misspelt_name_has_the_nearest) {
  const Fleet fleet({{"global", kGlobal}});
  EXPECT_EQ(fleet.told("routes.unlsited"), "near routes.unlisted\n");
  EXPECT_EQ(fleet.told("vars.gv"), "near vars.gw\n");
}

TEST(Explain, without_a_key_every_value_of_the_host_is_told_and_nothing_of_others) {
  const Fleet fleet({{"global", kGlobal},
                     {"app/settlement",
                      "probes: [ { inbound: 22, name: ssh } ]\nroutes: { ignore: [ { dev: \"cali*\" } ] }\n"},
                     {"app/x", "vars: { other: 1 }\n"}});
  EXPECT_EQ(fleet.told(""), R"(mode.routes = report
  said layers/global.yaml:2:17 report
probes[inbound tcp/22] = inbound tcp/22 (ssh)
  said layers/app/settlement.yaml:1:11 inbound tcp/22 (ssh)
routes.conflict = report, the default
routes.ignore[dev cali*] = dev cali*
  said layers/app/settlement.yaml:2:21 dev cali*
routes.list[10.7.0.0/16 table main metric 0] = via 10.0.0.1
  said layers/global.yaml:6:7 via 10.0.0.1 (card network)
routes.list[10.8.0.0/16 table main metric 0] = via 10.0.0.1
  said layers/global.yaml:7:7 via 10.0.0.1
routes.unlisted = remove
  said layers/global.yaml:4:13 remove
trial.deadline = 60s, the default
trial.enabled = true, the default
vars.gw = 10.0.0.1
  said layers/global.yaml:1:13 10.0.0.1
)");
  EXPECT_EQ(fleet.told("vars"),
            "vars.gw = 10.0.0.1\n  said layers/global.yaml:1:13 10.0.0.1\nvars.other is not in effect\n"
            "  elsewhere layers/app/x.yaml:1:16 1: only for hosts with app=x; the record of pay-web-01 says "
            "app=settlement\n");
}

TEST(Explain, agrees_with_the_origins_of_what_was_resolved) {
  const std::initializer_list<std::pair<std::string, std::string>> files{
      {"global", kGlobal},
      {"phase/live",
       "vars: { gw: 10.0.0.2, spare: ~ }\nroutes: { ignore: [ { proto: 80 } ], list: [ { to: 10.8.0.0/16, "
       "remove: true } ] }\n"},
      {"app/settlement",
       "trial: { deadline: 90s }\nprobes: [ { dns: \"{{ gw }}\" } ]\nroutes: { conflict: take_over, "
       "unlisted: ~ }\n"},
      {"host/pay-web-01",
       "routes: { list: [ { to: 10.7.0.0/16, via: \"{{ gw }}\" } ], ignore: [ { proto: 80 } ] }\ntrial: "
       "~\n"}};
  const Outcome outcome = resolve(files);
  ASSERT_TRUE(outcome.host) << outcome.lines();
  std::map<std::string, Origin> told;
  for (const ExplainedValue& value : explain(Fleet(files).layers, payment_host(), "").values) {
    if (!value.said) continue;
    Origin origin{value.said->place, {}, value.said->removes, value.said->reason};
    for (const Statement& statement : value.replaced) origin.replaced.push_back(statement.place);
    told.emplace(value.name, origin);
  }
  EXPECT_EQ(told, outcome.host->origins.all());
}

TEST(Explain, the_last_line_of_a_value_is_that_of_its_deepest_part) {
  const yaml::Node root = yaml::parse(
                              "routes:\n  list:\n    - to: 10.0.0.0/8\n      nexthops:\n        - via: "
                              "10.0.0.1\n          weight: 2\n    - { to: 10.1.0.0/16 }\n",
                              "f")
                              .value();
  EXPECT_EQ(last_line_of(root, {"f", 3, 7}), 6);
  EXPECT_EQ(last_line_of(root, {"f", 7, 7}), 7);
  EXPECT_EQ(last_line_of(root, {"f", 99, 1}), 99);
}

}  // namespace
}  // namespace ondol::intent
