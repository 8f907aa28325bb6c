// How a host's changes are tried: written in layers, merged, refused when they cannot be.
#include "fleet.h"

namespace ondol::intent {
namespace {

std::string probe_faults(const std::string& entry) { return faults("probes:\n  - " + entry + "\n"); }

std::string probes_of(const Outcome& outcome) {
  if (!outcome.host) return "error\n";
  std::string text;
  for (const auto& probe : outcome.host->state.trial.probes) text += trial::render(probe) + "\n";
  return text;
}

TEST(Trials, without_a_word_about_them_changes_are_tried_for_60_seconds) {
  const Outcome outcome = resolve({{"global", "routes: { list: [] }\n"}});
  EXPECT_EQ(outcome.host->state.trial, trial::TrialRules{});
}

TEST(Trials, deadline_and_enabled_are_scalars_the_highest_layer_wins) {
  const Outcome outcome = resolve({{"global", "trial: { deadline: 90s, enabled: false }\n"},
                                   {"app/settlement", "trial: { deadline: 5m }\n"},
                                   {"host/pay-web-01", "trial: { enabled: true }\n"}});
  EXPECT_EQ(outcome.lines(), "");
  EXPECT_EQ(outcome.host->state.trial.deadline, Milliseconds{300'000});
  EXPECT_TRUE(outcome.host->state.trial.enabled);
  const auto origins = outcome.host->origins.all();
  EXPECT_EQ(yaml::render(origins.at("trial.deadline").place), "layers/app/settlement.yaml:1:20");
  EXPECT_EQ(yaml::render(origins.at("trial.deadline").replaced.at(0)), "layers/global.yaml:1:20");
}

TEST(Trials, a_tilde_takes_back_what_lower_layers_said) {
  const std::string low = "trial: { deadline: 90s, enabled: false }\n";
  const Outcome whole = resolve({{"global", low}, {"app/settlement", "trial: ~\n"}});
  EXPECT_EQ(whole.host->state.trial, trial::TrialRules{});
  EXPECT_TRUE(whole.host->origins.all().at("trial.enabled").removed);
  const Outcome one = resolve({{"global", low}, {"app/settlement", "trial: { deadline: ~ }\n"}});
  EXPECT_EQ(one.host->state.trial.deadline, trial::kDefaultTrial);
  EXPECT_FALSE(one.host->state.trial.enabled);
}

TEST(Trials, probes_of_all_layers_come_together_sorted_and_once) {
  const Outcome outcome = resolve(
      {{"global", "probes:\n  - { inbound: 22, name: ssh }\n  - { tcp: \"10.0.0.5:22\", name: bastion }\n"},
       {"app/settlement", "probes:\n  - { tcp: 10.0.0.5:22 }\n  - { tcp: \"[2001:db8::1]:443\" }\n  - { dns: 10.0.0.2 }\n"},
       {"host/pay-web-01", "probes: [ { inbound: 22, name: our-ssh } ]\n"}});
  EXPECT_EQ(outcome.lines(), "");
  EXPECT_EQ(probes_of(outcome),
            "dns 10.0.0.2\ntcp [2001:db8::1]:443\ntcp 10.0.0.5:22 (bastion)\ninbound tcp/22 (our-ssh)\n");
  const auto origins = outcome.host->origins.all();
  EXPECT_EQ(yaml::render(origins.at("probes[inbound tcp/22]").place), "layers/host/pay-web-01.yaml:1:11");
  EXPECT_EQ(origins.at("probes[tcp 10.0.0.5:22]").replaced.size(), 1u);
}

TEST(Trials, probes_tilde_drops_those_of_lower_layers) {
  const Outcome outcome = resolve({{"global", "probes: [ { dns: 10.0.0.2 } ]\n"},
                                   {"phase/live", "probes: ~\n"},
                                   {"app/settlement", "probes: [ { dns: 10.0.0.3 } ]\n"}});
  EXPECT_EQ(probes_of(outcome), "dns 10.0.0.3\n");
}

TEST(Trials, templates_are_filled_in_like_those_of_routes) {
  const Outcome outcome = resolve({{"global", "vars: { bastion: 10.0.0.5, patience: 2m }\n"
                                              "trial: { deadline: \"{{ patience }}\" }\n"
                                              "probes: [ { tcp: \"{{ bastion }}:22\" } ]\n"},
                                   {"app/settlement", "vars: { bastion: 10.0.0.6 }\n"}});
  EXPECT_EQ(outcome.lines(), "");
  EXPECT_EQ(probes_of(outcome), "tcp 10.0.0.6:22\n");
  EXPECT_EQ(outcome.host->state.trial.deadline, Milliseconds{120'000});
  const Outcome missing = resolve({{"global", "probes: [ { tcp: \"{{ bastoin }}:22\" } ]\n"}});
  EXPECT_NE(missing.lines().find("layers/global.yaml:1:18: error:"), std::string::npos) << missing.lines();
  EXPECT_NE(missing.lines().find("bastoin"), std::string::npos);
}

TEST(Trials, what_a_template_became_is_judged_like_what_was_written) {
  EXPECT_EQ(faults("vars: { t: 2h }\ntrial: { deadline: \"{{ t }}\" }\n"),
            "layers/global.yaml:2:20: error: a trial of 2h cannot be (write a time from 5s to 3600s)\n");
}

TEST(Trials, an_unmanaged_host_has_rules_too) {
  const Outcome outcome = resolve({{"global", "probes: [ { dns: 10.0.0.2 } ]\n"}});
  EXPECT_EQ(outcome.routes(), "unmanaged\n");
  EXPECT_EQ(probes_of(outcome), "dns 10.0.0.2\n");
}

TEST(BadTrials, names_are_refused_with_the_reason) {
  const std::string why = " is not an address (write the address: names may resolve differently just when DNS is what broke)\n";
  EXPECT_EQ(probe_faults("{ tcp: \"bastion.example:22\" }"), "layers/global.yaml:2:12: error: 'bastion.example'" + why);
  EXPECT_EQ(probe_faults("{ dns: ns1 }"), "layers/global.yaml:2:12: error: 'ns1'" + why);
}

TEST(BadTrials, a_probe_is_exactly_one_thing) {
  const std::string message =
      "layers/global.yaml:2:5: error: a probe is exactly one of 'tcp', 'dns' and 'inbound' (write - { tcp: \"ADDRESS:PORT\" }, "
      "- { dns: ADDRESS } or - { inbound: PORT })\n";
  EXPECT_EQ(probe_faults("{ name: ssh }"), message);
  EXPECT_EQ(probe_faults("{ dns: 10.0.0.2, inbound: 22 }"), message);
}

TEST(BadTrials, unknown_and_duplicate_keys_have_their_place) {
  EXPECT_EQ(probe_faults("{ tpc: \"10.0.0.5:22\" }"),
            "layers/global.yaml:2:7: error: unknown key 'tpc' (did you mean 'tcp'?)\n");
  EXPECT_EQ(faults("trial: { deadlin: 60s }\n"),
            "layers/global.yaml:1:10: error: unknown key 'deadlin' (did you mean 'deadline'?)\n");
  EXPECT_EQ(faults("trial: ~\nprobes: ~\ntrial: ~\n"),
            "layers/global.yaml:3:1: error: duplicate key 'trial' (first in line 1) (keep one of them)\n");
}

TEST(BadTrials, one_layer_that_says_a_probe_twice_is_a_slip) {
  EXPECT_EQ(faults("probes:\n  - { dns: 10.0.0.2, name: a }\n  - { dns: 10.0.0.2, name: b }\n"),
            "layers/global.yaml:3:5: error: duplicate probe dns 10.0.0.2 (first at layers/global.yaml:2:5) (keep one of them)\n");
}

TEST(BadTrials, deadlines_have_bounds_and_a_unit) {
  EXPECT_EQ(faults("trial: { deadline: 4s }\n"),
            "layers/global.yaml:1:20: error: a trial of 4s cannot be (write a time from 5s to 3600s)\n");
  EXPECT_EQ(faults("trial: { deadline: 5s }\n"), "");
  EXPECT_EQ(faults("trial: { deadline: 1h }\n"), "");
  EXPECT_NE(faults("trial: { deadline: 3601s }\n"), "");
  EXPECT_NE(faults("trial: { deadline: 60 }\n").find("a duration such as"), std::string::npos);
  EXPECT_NE(faults("trial: { enabled: yes }\n"), "");
  EXPECT_NE(faults("trial: 60s\n"), "");
}

TEST(BadTrials, ports_and_addresses_that_cannot_be) {
  EXPECT_EQ(probe_faults("{ tcp: \"10.0.0.5:0\" }"),
            "layers/global.yaml:2:12: error: '0' is not a port (write a number from 1 to 65535)\n");
  EXPECT_EQ(probe_faults("{ tcp: \"10.0.0.5:65536\" }"),
            "layers/global.yaml:2:12: error: '65536' is not a port (write a number from 1 to 65535)\n");
  EXPECT_EQ(probe_faults("{ tcp: 10.0.0.5 }"), "layers/global.yaml:2:12: error: '10.0.0.5' has no port (write ADDRESS:PORT)\n");
  EXPECT_EQ(probe_faults("{ tcp: \"2001:db8::1:443\" }"),
            "layers/global.yaml:2:12: error: in '2001:db8::1:443' it cannot be told where the address ends (write an IPv6 address "
            "in brackets: \"[2001:db8::1]:443\")\n");
  EXPECT_EQ(probe_faults("{ dns: 0.0.0.0 }"),
            "layers/global.yaml:2:12: error: nothing can be reached at 0.0.0.0 (write the address of one machine)\n");
  EXPECT_NE(probe_faults("{ dns: 224.0.0.251 }"), "");
  EXPECT_NE(probe_faults("{ dns: \"fe80::1\" }").find("names no interface"), std::string::npos);
  EXPECT_NE(probe_faults("{ inbound: 0 }"), "");
  EXPECT_NE(probe_faults("{ inbound: ssh }"), "");
  EXPECT_NE(probe_faults("{ tcp: \"[]:22\" }"), "");
  EXPECT_NE(probe_faults("{ tcp: \":22\" }"), "");
  EXPECT_NE(probe_faults("{ tcp: [10.0.0.5, 22] }"), "");
  EXPECT_NE(probe_faults("{ dns: 10.0.0.2, name: \"\" }"), "");
  EXPECT_NE(probe_faults("{ dns: 10.0.0.2, name: \"" + std::string(65, 'x') + "\" }"), "");
  EXPECT_EQ(probe_faults("{ dns: 10.0.0.2, name: \"" + std::string(64, 'x') + "\" }"), "");
}

TEST(BadTrials, a_host_has_at_most_32_probes_over_all_layers) {
  const auto list = [](int from, int to) {
    std::string text = "probes:\n";
    for (int port = from; port <= to; ++port) text += "  - { inbound: " + std::to_string(port) + " }\n";
    return text;
  };
  EXPECT_EQ(resolve({{"global", list(1, 20)}, {"app/settlement", list(9, 32)}}).lines(), "");
  EXPECT_EQ(resolve({{"global", list(1, 20)}, {"app/settlement", list(9, 33)}}).lines(),
            "layers/app/settlement.yaml:26:5: error: more than 32 probes for one host (keep those that tell most; every trial has "
            "the collector, gateways and DNS beside them)\n");
  EXPECT_NE(faults(list(1, 33)).find("layers/global.yaml:2:3: error: 'probes' is not a list of at most 32 probes"),
            std::string::npos);
}

}  // namespace
}  // namespace ondol::intent
