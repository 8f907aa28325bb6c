// How layers merge into one host's desired state.
#include "fleet.h"

namespace ondol::intent {
namespace {

TEST(Resolve, a_host_without_routes_in_any_layer_is_unmanaged) {
  EXPECT_EQ(resolve({{"global", "vars: { a: b }\nmode: { routes: enforce }\n"}}).routes(), "unmanaged\n");
  EXPECT_EQ(resolve({{"global", ""}, {"app/settlement", "# nothing\n"}}).routes(), "unmanaged\n");
  EXPECT_EQ(resolve({}).routes(), "unmanaged\n");
}

TEST(Resolve, an_empty_list_is_managed_and_empty) {
  const Outcome outcome = resolve({{"global", "routes: { list: [] }\n"}});
  EXPECT_EQ(outcome.routes(), "");
  EXPECT_EQ(outcome.intent().mode, Mode::kReport);
  EXPECT_EQ(outcome.intent().unlisted, routes::Unlisted::kReport);
  EXPECT_EQ(outcome.intent().on_conflict, routes::OnConflict::kReport);
}

TEST(Resolve, all_seven_layers_contribute_and_the_result_is_sorted_by_key) {
  const auto layer = [](int i) {
    return "routes: { list: [ { to: 10." + std::to_string(i) + ".0.0/16, via: 10.0.0.1 } ] }\n";
  };
  const Outcome outcome = resolve({{"host/pay-web-01", layer(1)}, {"app/settlement", layer(2)}, {"app-group/payments", layer(3)},
                                   {"app-type/api", layer(4)}, {"phase/live", layer(5)}, {"cluster/seoul-1", layer(6)},
                                   {"global", layer(7)}, {"app/other", layer(8)}});
  EXPECT_EQ(outcome.routes(),
            "10.1.0.0/16 via 10.0.0.1\n10.2.0.0/16 via 10.0.0.1\n10.3.0.0/16 via 10.0.0.1\n10.4.0.0/16 via 10.0.0.1\n"
            "10.5.0.0/16 via 10.0.0.1\n10.6.0.0/16 via 10.0.0.1\n10.7.0.0/16 via 10.0.0.1\n");
  EXPECT_EQ(outcome.lines(), "");
}

TEST(Resolve, each_layer_replaces_the_same_key_of_every_lower_one) {
  const char* const paths[] = {"global", "cluster/seoul-1", "phase/live", "app-type/api", "app-group/payments",
                               "app/settlement", "host/pay-web-01"};
  for (int low = 0; low < 7; ++low) {
    for (int high = low + 1; high < 7; ++high) {
      const Outcome outcome = resolve({{paths[high], "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.2 } ] }\n"},
                                       {paths[low], "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n"}});
      EXPECT_EQ(outcome.routes(), "10.9.0.0/16 via 10.0.0.2\n") << paths[low] << " " << paths[high];
    }
  }
}

TEST(Resolve, table_metric_and_source_prefix_are_part_of_the_key) {
  const Outcome outcome = resolve({{"global", R"(routes:
  list:
    - { to: 10.9.0.0/16, via: 10.0.0.1 }
    - { to: "2001:db8::/32", via: "fe80::1", dev: eth0 }
)"},
                                   {"app/settlement", R"(routes:
  list:
    - { to: 10.9.0.0/16, via: 10.0.0.2, metric: 5 }
    - { to: 10.9.0.0/16, via: 10.0.0.3, table: 100 }
    - { to: "2001:db8::/32", from: "2001:db8:1::/48", via: "fe80::2", dev: eth0 }
    - { to: "2001:db8::/32", via: "fe80::3", dev: eth0, metric: 1024 }
)"}});
  EXPECT_EQ(outcome.routes(),
            "10.9.0.0/16 via 10.0.0.3 table 100\n10.9.0.0/16 via 10.0.0.1\n10.9.0.0/16 via 10.0.0.2 metric 5\n"
            "2001:db8::/32 via fe80::3 dev eth0 metric 1024\n"
            "2001:db8::/32 from 2001:db8:1::/48 via fe80::2 dev eth0 metric 1024\n");
}

TEST(Resolve, every_kind_of_route_can_be_written) {
  const Outcome outcome = resolve({{"global", R"(routes:
  list:
    - { to: default, via: 10.0.0.1, src: 10.0.0.7, mtu: 1400 }
    - { to: default, via: "fe80::1", dev: eth0 }
    - { to: 192.0.2.0/24, type: blackhole, reason: "never used" }
    - { to: 198.51.100.0/24, type: unreachable }
    - { to: 203.0.113.0/24, type: prohibit, table: main }
    - { to: 10.1.0.0/16, dev: eth1, scope: link }
    - { to: 10.2.0.0/16, via: 172.16.0.1, dev: eth1, onlink: true }
    - { to: 10.3.0.0/16, via: "fe80::9", dev: eth1 }
    - to: 10.4.0.0/16
      nexthops:
        - { via: 10.0.0.2, weight: 3 }
        - { via: 10.0.0.3, dev: eth0 }
    - { to: 10.5.5.5, via: 10.0.0.1 }
    - { to: "2001:db8::1/128", type: blackhole }
)"}});
  EXPECT_EQ(outcome.routes(),
            "0.0.0.0/0 via 10.0.0.1 src 10.0.0.7 mtu 1400\n10.1.0.0/16 dev eth1 scope link\n"
            "10.2.0.0/16 via 172.16.0.1 dev eth1 onlink\n10.3.0.0/16 via fe80::9 dev eth1\n"
            "10.4.0.0/16 nexthop via 10.0.0.2 weight 3 nexthop via 10.0.0.3 dev eth0 weight 1\n"
            "10.5.5.5/32 via 10.0.0.1\nblackhole 192.0.2.0/24\nunreachable 198.51.100.0/24\nprohibit 203.0.113.0/24\n"
            "::/0 via fe80::1 dev eth0 metric 1024\nblackhole 2001:db8::1/128 metric 1024\n");
  EXPECT_EQ(outcome.lines(), "");
}

TEST(Resolve, the_widest_and_the_narrowest_prefixes_are_routes_like_others) {
  EXPECT_EQ(resolve({{"global", R"(routes: { list: [
    { to: 0.0.0.0/0, via: 10.0.0.1 }, { to: "::/0", via: "2001:db8::1" },
    { to: 10.0.0.9/32, via: 10.0.0.1 }, { to: "2001:db8::9/128", via: "2001:db8::1" } ] })"}}).routes(),
            "0.0.0.0/0 via 10.0.0.1\n10.0.0.9/32 via 10.0.0.1\n::/0 via 2001:db8::1 metric 1024\n"
            "2001:db8::9/128 via 2001:db8::1 metric 1024\n");
}

TEST(Resolve, remove_true_takes_a_lower_route_away_and_a_higher_layer_may_bring_it_back) {
  const std::string wanted = "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n";
  const std::string removal = "routes: { list: [ { to: 10.9.0.0/16, remove: true } ] }\n";
  EXPECT_EQ(resolve({{"global", wanted}, {"app/settlement", removal}}).routes(), "");
  EXPECT_EQ(resolve({{"global", wanted}, {"phase/live", removal}, {"app/settlement", wanted}}).routes(),
            "10.9.0.0/16 via 10.0.0.1\n");
}

TEST(Resolve, a_removal_of_nothing_is_warned_about) {
  const Outcome outcome = resolve({{"app/settlement", "routes: { list: [ { to: 10.9.0.0/16, remove: true } ] }\n"}});
  EXPECT_EQ(outcome.routes(), "");
  EXPECT_EQ(outcome.lines(),
            "layers/app/settlement.yaml:1:19: warning: removes 10.9.0.0/16 table main metric 0, which no lower layer has "
            "(correct the key, or remove the entry)\n");
}

TEST(Resolve, a_tilde_for_routes_makes_the_host_unmanaged_until_a_higher_layer_speaks) {
  const std::string wanted = "routes: { unlisted: remove, ignore: [ { proto: 80 } ], list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n";
  EXPECT_EQ(resolve({{"global", wanted}, {"app/settlement", "routes: ~\n"}}).routes(), "unmanaged\n");
  const Outcome again = resolve({{"global", wanted}, {"app/settlement", "routes: ~\n"}, {"host/pay-web-01", "routes: { list: [] }\n"}});
  EXPECT_EQ(again.routes(), "");
  EXPECT_EQ(again.intent().unlisted, routes::Unlisted::kReport);
  EXPECT_TRUE(again.intent().ignore.empty());
}

TEST(Resolve, a_tilde_for_the_list_drops_lower_routes_only) {
  const Outcome outcome = resolve({{"global", "routes: { unlisted: remove, list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n"},
                                   {"phase/live", "routes: { list: ~ }\n"},
                                   {"app/settlement", "routes: { list: [ { to: 10.8.0.0/16, via: 10.0.0.1 } ] }\n"}});
  EXPECT_EQ(outcome.routes(), "10.8.0.0/16 via 10.0.0.1\n");
  EXPECT_EQ(outcome.intent().unlisted, routes::Unlisted::kRemove);
}

TEST(Resolve, scalars_replace_and_a_tilde_restores_the_default) {
  const std::string low = "routes: { unlisted: remove, conflict: take_over }\nmode: { routes: enforce }\n";
  const Outcome outcome = resolve({{"global", low}, {"app/settlement", "routes: { unlisted: ignore }\n"}});
  EXPECT_EQ(outcome.intent().unlisted, routes::Unlisted::kIgnore);
  EXPECT_EQ(outcome.intent().on_conflict, routes::OnConflict::kTakeOver);
  EXPECT_EQ(outcome.intent().mode, Mode::kEnforce);
  const Outcome reset = resolve({{"global", low}, {"app/settlement", "routes: { unlisted: ~, conflict: ~ }\nmode: { routes: ~ }\n"}});
  EXPECT_EQ(reset.intent().unlisted, routes::Unlisted::kReport);
  EXPECT_EQ(reset.intent().on_conflict, routes::OnConflict::kReport);
  EXPECT_EQ(reset.intent().mode, Mode::kReport);
}

TEST(Resolve, ignore_patterns_append_as_a_set_and_presets_are_spelt_out) {
  const Outcome outcome = resolve({{"global", "routes: { ignore: [ { preset: calico }, { proto: boot } ] }\n"},
                                   {"app/settlement", "routes: { ignore: [ { dev: \"cali*\" }, { dev: \"veth*\", proto: 80 } ] }\n"}});
  const std::vector<routes::IgnorePattern> expected{{"cali*", 0}, {"tunl0", 0}, {"vxlan.calico", 0}, {"", 80}, {"", 3}, {"veth*", 80}};
  EXPECT_EQ(outcome.intent().ignore, expected);
  EXPECT_EQ(resolve({{"global", "routes: { ignore: [ { preset: docker } ] }\n"}, {"app/settlement", "routes: { ignore: ~ }\n"}})
                .intent().ignore.size(), 0u);
  for (const char* preset : {"calico", "cilium", "flannel", "docker", "kube"}) {
    EXPECT_EQ(faults("routes: { ignore: [ { preset: " + std::string(preset) + " } ] }\n"), "");
  }
}

TEST(Resolve, hosts_with_the_same_layers_share_one_result_and_others_do_not) {
  std::vector<Finding> findings;
  const Layers layers = Layers::parse({{"layers/global.yaml", "routes: { list: [] }\n"}, {"layers/host/a.yaml", ""}}, findings);
  const auto b = layers.resolve({.name = HostId("b")}, findings);
  EXPECT_EQ(b, layers.resolve({.name = HostId("c")}, findings));
  EXPECT_NE(b, layers.resolve({.name = HostId("a")}, findings));
}

TEST(Resolve, a_result_outlives_its_layers) {
  std::shared_ptr<const ResolvedHost> host;
  {
    std::vector<Finding> findings;
    host = Layers::parse({{"layers/global.yaml", "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n"}}, findings)
               .resolve(payment_host(), findings);
  }
  EXPECT_EQ(host->origins.all().begin()->second.place.line, 1);
}

}  // namespace
}  // namespace ondol::intent
