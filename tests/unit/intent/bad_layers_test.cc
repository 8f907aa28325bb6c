// Every bad layer is refused with its place and what to do.
#include "fleet.h"

namespace ondol::intent {
namespace {

TEST(BadLayers, an_unknown_key_names_the_nearest) {
  EXPECT_EQ(faults("rotues: ~\n"), "layers/global.yaml:1:1: error: unknown key 'rotues' (did you mean 'routes'?)\n");
  EXPECT_EQ(faults("routes: { unlsited: report }\n"),
            "layers/global.yaml:1:11: error: unknown key 'unlsited' (did you mean 'unlisted'?)\n");
  EXPECT_EQ(route_faults("{ to: 10.0.0.0/8, via2: 10.0.0.1 }"),
            "layers/global.yaml:3:25: error: unknown key 'via2' (did you mean 'via'?)\n");
  EXPECT_EQ(faults("mode: { firewall: report }\n"), "layers/global.yaml:1:9: error: unknown key 'firewall' (known: routes)\n");
  EXPECT_EQ(faults("mode: { routes: enfroce }\n"),
            "layers/global.yaml:1:17: error: found 'enfroce', expected one of: report, enforce (did you mean 'enforce'?)\n");
}

TEST(BadLayers, a_duplicate_key_names_both_lines) {
  EXPECT_EQ(faults("routes: ~\nmode: ~\nroutes: ~\n"),
            "layers/global.yaml:3:1: error: duplicate key 'routes' (first in line 1) (keep one of them)\n");
}

TEST(BadLayers, a_tab_in_indentation) {
  EXPECT_EQ(faults("routes:\n\tlist: []\n"),
            "layers/global.yaml:2:1: error: a tab is used for indentation (indent with spaces)\n");
}

TEST(BadLayers, a_byte_order_mark) {
  EXPECT_EQ(faults("\xef\xbb\xbfroutes: ~\n"),
            "layers/global.yaml:1:1: error: the file starts with a byte order mark (save it as UTF-8 without a BOM)\n");
}

TEST(BadLayers, crlf_line_ends) {
  EXPECT_EQ(faults("routes: ~\r\n"),
            "layers/global.yaml:1:10: error: the line does not end in a plain LF (save the file with LF line ends, not CRLF)\n");
}

TEST(BadLayers, a_file_of_100_mib) {
  EXPECT_EQ(faults(std::string(100 << 20, ' ')),
            "layers/global.yaml:1:1: error: the file has more than 1048576 bytes (split it into smaller files)\n");
}

TEST(BadLayers, host_bits_show_the_masked_prefix) {
  EXPECT_EQ(route_faults("{ to: 10.1.2.3/8, via: 10.0.0.1 }"),
            "layers/global.yaml:3:13: error: '10.1.2.3/8' has host bits set (write 10.0.0.0/8)\n");
  EXPECT_EQ(route_faults("{ to: \"2001:db8::1/32\", via: \"2001:db8::2\" }"),
            "layers/global.yaml:3:13: error: '2001:db8::1/32' has host bits set (write 2001:db8::/32)\n");
}

TEST(BadLayers, prefix_lengths_beyond_the_address) {
  EXPECT_EQ(route_faults("{ to: 10.0.0.0/33, via: 10.0.0.1 }"),
            "layers/global.yaml:3:13: error: prefix length '33' is not a number from 0 to 32\n");
  EXPECT_NE(route_faults("{ to: \"::/129\", via: \"2001:db8::1\" }").find("0 to 128"), std::string::npos);
}

TEST(BadLayers, a_gateway_that_is_not_on_link_by_what_the_layers_say) {
  EXPECT_EQ(faults(R"(routes:
  list:
    - { to: 10.1.1.1/32, via: 10.2.2.2 }
    - { to: 10.9.0.0/16, via: 10.1.1.1 }
)"),
            "layers/global.yaml:4:7: error: 10.9.0.0/16 table main metric 0: gateway 10.1.1.1 is not on-link: "
            "'10.1.1.1/32 via 10.2.2.2' leads elsewhere (give that route an interface and no gateway, or write onlink)\n");
}

TEST(BadLayers, a_gateway_that_is_not_on_link_by_what_the_host_said) {
  HostFacts host = payment_host();
  host.addresses = routes::HostAddresses{{parse_address("10.0.0.7").value()}, {parse_prefix("10.0.0.0/24").value()}};
  const std::string good = "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n";
  EXPECT_EQ(resolve({{"global", good}}, host).routes(), "10.9.0.0/16 via 10.0.0.1\n");
  const Outcome outcome = resolve({{"global", "routes: { list: [ { to: 10.9.0.0/16, via: 10.5.0.1 } ] }\n"}}, host);
  EXPECT_EQ(outcome.routes(), "error\n");
  EXPECT_EQ(outcome.lines(),
            "layers/global.yaml:1:19: error: 10.9.0.0/16 table main metric 0: gateway 10.5.0.1 is not on-link: no connected "
            "network of this host contains it (correct the gateway, or write dev and onlink)\n");
}

TEST(BadLayers, the_own_address_as_gateway) {
  EXPECT_EQ(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.7, src: 10.0.0.7 }"),
            "layers/global.yaml:3:7: error: gateway 10.0.0.7 is the host's own address (write the address of the next router)\n");
  HostFacts host = payment_host();
  host.addresses = routes::HostAddresses{{parse_address("10.0.0.7").value()}, {parse_prefix("10.0.0.0/24").value()}};
  EXPECT_NE(resolve({{"global", "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.7 } ] }\n"}}, host).lines().find("own address"),
            std::string::npos);
}

TEST(BadLayers, tables_that_are_the_kernels) {
  for (const char* table : {"0", "255", "4294967295", "-1", "local", "010"}) {
    EXPECT_EQ(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, table: " + std::string(table) + " }"),
              "layers/global.yaml:3:48: error: '" + std::string(table) + "' is not a table that can be managed "
              "(write main, or a number from 1 to 4294967294 other than 255 (local))\n");
  }
  EXPECT_EQ(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, table: 4294967294 }"), "");
}

TEST(BadLayers, an_interface_name_of_15_bytes_is_good_and_of_16_is_not) {
  EXPECT_EQ(route_faults("{ to: 10.9.0.0/16, dev: abcdefghijklmno }"), "");
  EXPECT_EQ(route_faults("{ to: 10.9.0.0/16, dev: abcdefghijklmnop }"),
            "layers/global.yaml:3:31: error: the interface name 'abcdefghijklmnop' is longer than 15 bytes "
            "(write the name as `ip link` shows it)\n");
}

TEST(BadLayers, hostile_interface_names) {
  for (const char* name : {"../etc", "a/b", "a b", "a%b", "a:b", ".", "..", "", "é", "\\n", "a\\tb", "\\u202e"}) {
    const std::string text = route_faults("{ to: 10.9.0.0/16, dev: \"" + std::string(name) + "\" }");
    EXPECT_NE(text.find("cannot be an interface name"), std::string::npos) << name << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << name;
  }
}

TEST(BadLayers, a_duplicate_route_in_one_file_names_both_places) {
  EXPECT_EQ(faults(R"(routes:
  list:
    - { to: 10.9.0.0/16, via: 10.0.0.1 }
    - { to: 10.8.0.0/16, via: 10.0.0.1 }
    - { to: 10.9.0.0/16, via: 10.0.0.2, table: main }
)"),
            "layers/global.yaml:5:7: error: duplicate route 10.9.0.0/16 table main metric 0 (first at layers/global.yaml:3:7) "
            "(keep one of them, or give them different metrics)\n");
}

TEST(BadLayers, ipv4_written_as_ipv6) {
  EXPECT_EQ(route_faults("{ to: \"::ffff:10.0.0.0/104\", via: \"2001:db8::1\" }"),
            "layers/global.yaml:3:13: error: '::ffff:10.0.0.0' is an IPv4 address written as IPv6 (write it in IPv4 form)\n");
  EXPECT_NE(route_faults("{ to: \"2001:db8::/32\", via: \"::ffff:10.0.0.1\" }").find("written as IPv6"), std::string::npos);
}

TEST(BadLayers, families_that_do_not_fit) {
  EXPECT_EQ(route_faults("{ to: \"2001:db8::/32\", via: 10.0.0.1 }"),
            "layers/global.yaml:3:7: error: gateway 10.0.0.1 of an IPv6 route is IPv4 (write an IPv6 gateway)\n");
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, src: \"2001:db8::1\" }").find("other family"), std::string::npos);
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, from: 10.0.0.0/8 }").find("only IPv6"), std::string::npos);
  EXPECT_NE(route_faults("{ to: \"2001:db8::/32\", dev: eth0, from: 10.0.0.0/8 }").find("different families"), std::string::npos);
  EXPECT_NE(route_faults("{ to: \"2001:db8::/32\", dev: eth0, scope: link }").find("IPv6 routes have no scope"), std::string::npos);
}

TEST(BadLayers, default_without_a_gateway_does_not_say_its_family) {
  EXPECT_EQ(route_faults("{ to: default, dev: ppp0 }"),
            "layers/global.yaml:3:13: error: 'default' says nothing about IPv4 or IPv6 here (write 0.0.0.0/0 or ::/0)\n");
}

TEST(BadLayers, gateways_that_cannot_be) {
  for (const char* via : {"0.0.0.0", "127.0.0.1", "224.0.0.1"}) {
    EXPECT_NE(route_faults("{ to: 10.9.0.0/16, via: " + std::string(via) + " }").find("cannot be a gateway"), std::string::npos) << via;
  }
  for (const char* via : {"::", "::1", "ff02::1"}) {
    EXPECT_NE(route_faults("{ to: \"2001:db8::/32\", via: \"" + std::string(via) + "\" }").find("cannot be a gateway"), std::string::npos) << via;
  }
  EXPECT_NE(route_faults("{ to: \"2001:db8::/32\", via: \"fe80::1\" }").find("needs an interface"), std::string::npos);
  for (const char* via : {"10.0.0", "10.0.0.256", "010.0.0.1", "router", "fe80::1%eth0", "[]", "~"}) {
    EXPECT_NE(route_faults("{ to: 10.9.0.0/16, via: " + std::string(via) + " }"), "") << via;
  }
}

TEST(BadLayers, a_route_that_forwards_nowhere_has_no_gateway) {
  EXPECT_EQ(route_faults("{ to: 10.9.0.0/16, type: blackhole, via: 10.0.0.1 }"),
            "layers/global.yaml:3:43: error: 'via' does not belong here: a blackhole route forwards nowhere (remove 'via')\n");
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16 }").find("a route without a way out"), std::string::npos);
  EXPECT_NE(route_faults("{ via: 10.0.0.1 }").find("a route without 'to'"), std::string::npos);
}

TEST(BadLayers, numbers_out_of_range) {
  const auto with = [](const std::string& key) { return route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, " + key + " }"); };
  for (const char* key : {"metric: -1", "metric: 4294967296", "mtu: 67", "mtu: 65536", "metric: many"}) EXPECT_NE(with(key), "") << key;
  for (const char* key : {"metric: 0", "metric: 4294967295", "mtu: 68", "mtu: 65535"}) EXPECT_EQ(with(key), "") << key;
  EXPECT_NE(route_faults("{ to: \"2001:db8::/32\", dev: eth0, mtu: 1279 }").find("1280"), std::string::npos);
  for (const char* weight : {"0", "257"}) {
    EXPECT_NE(route_faults("{ to: 10.9.0.0/16, nexthops: [ { via: 10.0.0.1, weight: " + std::string(weight) + " } ] }")
                  .find("whole number from 1 to 256"), std::string::npos);
  }
}

TEST(BadLayers, nexthops_that_make_no_sense) {
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, nexthops: [] }").find("list of 1 to 64"), std::string::npos);
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, nexthops: [ { via: 10.0.0.1 } ] }").find("'via' does not belong"), std::string::npos);
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, nexthops: [ { via: 10.0.0.1 }, { via: 10.0.0.1, weight: 2 } ] }").find("same nexthop twice"), std::string::npos);
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, nexthops: [ { weight: 2 } ] }"), "");
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, onlink: true }").find("'onlink' needs both"), std::string::npos);
  EXPECT_NE(route_faults("{ to: 10.9.0.0/16, via: 10.0.0.1, scope: link }").find("cannot have scope"), std::string::npos);
}

TEST(BadLayers, shapes_that_are_not_layers) {
  EXPECT_NE(faults("- a\n"), "");
  EXPECT_NE(faults("text\n"), "");
  EXPECT_NE(faults("routes: []\n"), "");
  EXPECT_NE(faults("routes: { list: {} }\n"), "");
  EXPECT_NE(faults("routes: { list: [ 10.0.0.0/8 ] }\n"), "");
  EXPECT_NE(faults("routes: { ignore: { dev: a } }\n"), "");
  EXPECT_NE(faults("routes: { ignore: [ {} ] }\n"), "");
  EXPECT_NE(faults("routes: { ignore: [ { proto: 79 } ] }\n"), "");
  EXPECT_NE(faults("routes: { ignore: [ { proto: 256 } ] }\n"), "");
  EXPECT_NE(faults("routes: { ignore: [ { preset: calcio } ] }\n").find("did you mean 'calico'?"), std::string::npos);
  EXPECT_NE(faults("routes: { list: [ { to: 10.9.0.0/16, remove: true, via: 10.0.0.1 } ] }\n"), "");
  EXPECT_NE(faults("routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1, reason: " + std::string(201, 'x') + " } ] }\n"), "");
}

TEST(BadLayers, every_fault_of_a_file_is_told_at_once) {
  const Outcome outcome = resolve({{"global", R"(vars: { 1a: b }
routes:
  unlisted: maybe
  list:
    - { to: 10.0.0.1/8, via: 10.0.0.1 }
    - { to: 10.9.0.0/16, via: nowhere }
)"}});
  EXPECT_EQ(outcome.findings.size(), 4u) << outcome.lines();
  for (const Finding& finding : outcome.findings) EXPECT_EQ(finding.hosts, std::vector{HostId("pay-web-01")});
  EXPECT_EQ(outcome.host, nullptr);
}

TEST(BadLayers, files_outside_the_map_of_layers) {
  const auto told = [](const std::string& path) {
    std::vector<Finding> findings;
    Layers::parse({{path, ""}}, findings);
    return findings.empty() ? "" : render(findings[0]);
  };
  EXPECT_EQ(told("layers/apps/x.yaml"), "layers/apps/x.yaml: error: 'apps' is not a level of layers (did you mean 'app'?)");
  EXPECT_EQ(told("layers/app/x.yml"), "layers/app/x.yml: error: the name does not end in .yaml (rename it)");
  EXPECT_NE(told("layers/app/X.yaml"), "");
  EXPECT_NE(told("layers/app/../x.yaml"), "");
  EXPECT_NE(told("layers/app/.yaml"), "");
  EXPECT_NE(told("layers/x.yaml"), "");
  EXPECT_NE(told("global.yaml"), "");
  EXPECT_NE(told("layers/app/" + std::string(64, 'a') + ".yaml"), "");
  EXPECT_EQ(told("layers/app-type/api.yaml"), "");
  std::vector<Finding> findings;
  Layers::parse({{"layers/global.yaml", ""}, {"layers/global.yaml", ""}}, findings);
  EXPECT_EQ(render(findings.at(0)), "layers/global.yaml: error: the file is given twice (keep one of them)");
}

TEST(BadLayers, more_routes_than_a_host_can_be_sent) {
  std::vector<LayerText> files;
  const char* const paths[] = {"global", "cluster/seoul-1", "phase/live"};
  for (int file = 0; file < 3; ++file) {
    std::string text = "routes:\n list:\n";
    for (int i = 0; i < 13'500; ++i) {
      text += "  - { to: 10." + std::to_string(file * 64 + i / 256) + "." + std::to_string(i % 256) + ".0/24, via: 10.0.0.1 }\n";
    }
    files.push_back({"layers/" + std::string(paths[file]) + ".yaml", text});
  }
  std::vector<Finding> findings;
  const Layers layers = Layers::parse(files, findings);
  EXPECT_EQ(layers.resolve({.name = HostId("a"), .cluster = "seoul-1", .phase = "live"}, findings), nullptr);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NE(findings[0].message.find("40500 routes for one host, more than 40000"), std::string::npos);
}

}  // namespace
}  // namespace ondol::intent
