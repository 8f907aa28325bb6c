// Probes against a real neighbour over a real link.
#include "agent/host/probes/run_probe.h"

#include "agent/host/probes/local_servers.h"
#include "tests/fixtures/scratch_dir.h"
#include "tests/integration/host_probes/neighbour_host.h"

namespace ondol::probes {
namespace {

using fixtures::run;
using trial::ProbeKind;
using trial::ProbeResult;

constexpr std::chrono::milliseconds kLong{5000}, kShort{200};

IpAddress address(const std::string& text) { return parse_address(text).value(); }

class RunProbe : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(fixtures::enter_new_namespace());
    neighbour_ = std::make_unique<NeighbourHost>();
    run("ip link set lo up; ip link add eth0 type veth peer name peer0; ip link set peer0 netns " +
        std::to_string(neighbour_->pid()) + "; ip link set eth0 up; ip address add 10.0.0.1/24 dev eth0;"
        "ip address add 2001:db8::1/64 dev eth0 nodad");
    neighbour_->run("ip link set lo up; ip link set peer0 up; ip address add 10.0.0.254/24 dev peer0;"
                    "ip address add 2001:db8::fe/64 dev peer0 nodad; ip address add fe80::fe/64 dev peer0 nodad");
    run("ip route add default via 10.0.0.254; ip -6 route add default via fe80::fe dev eth0");
  }

  static ProbeResult probe(ProbeKind kind, const std::string& where, std::uint16_t port = 0, Nanoseconds limit = kLong) {
    return run_probe({kind, "", address(where), port}, limit);
  }

  static void expect_green(const ProbeResult& result, const std::string& text) {
    EXPECT_TRUE(result.green) << result.text;
    EXPECT_EQ(result.text, text);
    EXPECT_GT(result.took, Nanoseconds::zero());
    EXPECT_LT(result.took, kLong);
  }

  static void expect_red(const ProbeResult& result, const std::string& text) {
    EXPECT_FALSE(result.green);
    EXPECT_EQ(result.text, text);
  }

  std::unique_ptr<NeighbourHost> neighbour_;
};

TEST_F(RunProbe, AnOpenPortIsGreen) {
  neighbour_->accept_tcp("10.0.0.254", 22);
  expect_green(probe(ProbeKind::kTcp, "10.0.0.254", 22), "connected");
}

TEST_F(RunProbe, AClosedPortIsRedAtOnce) { expect_red(probe(ProbeKind::kTcp, "10.0.0.254", 23), "Connection refused"); }

TEST_F(RunProbe, APortThatNobodyAnswersForIsRedInTime) {
  neighbour_->run("ip address del 10.0.0.254/24 dev peer0");
  const auto result = probe(ProbeKind::kTcp, "10.0.0.254", 22, kShort);
  expect_red(result, "no answer to the connection");
  EXPECT_GE(result.took, kShort);
}

TEST_F(RunProbe, WhereNoRouteLeadsIsRedWithTheReason) {
  run("ip route del default");
  expect_red(probe(ProbeKind::kTcp, "192.0.2.1", 22), "Network is unreachable");
  expect_red(probe(ProbeKind::kDns, "192.0.2.1"), "Network is unreachable");
  expect_red(probe(ProbeKind::kGateway, "192.0.2.1"), "Network is unreachable");
}

TEST_F(RunProbe, ANameServerThatAnswersAnythingIsGreen) {
  neighbour_->serve_udp("10.0.0.254", 53, [](std::string query) {
    query[2] = static_cast<char>(0x81);
    query[3] = static_cast<char>(0x85);
    return query;
  });
  expect_green(probe(ProbeKind::kDns, "10.0.0.254"), "answered REFUSED with 0 records");
}

TEST_F(RunProbe, AServerThatFailsIsRed) {
  neighbour_->serve_udp("10.0.0.254", 53, [](std::string query) {
    query[2] = static_cast<char>(0x81);
    query[3] = static_cast<char>(0x82);
    return query;
  });
  expect_red(probe(ProbeKind::kDns, "10.0.0.254"), "answered SERVFAIL with 0 records");
}

TEST_F(RunProbe, NonsenseOnPort53IsRed) {
  neighbour_->serve_udp("10.0.0.254", 53, [](const std::string&) { return std::string("hello"); });
  expect_red(probe(ProbeKind::kDns, "10.0.0.254", 0, kShort), "no answer but what was not understood: not a DNS message");
}

TEST_F(RunProbe, AClosedNameServerIsRedAtOnce) { expect_red(probe(ProbeKind::kDns, "10.0.0.254"), "Connection refused"); }

TEST_F(RunProbe, ALivingGatewayIsGreen) {
  expect_green(probe(ProbeKind::kGateway, "10.0.0.254"), "neighbour 10.0.0.254 is REACHABLE");
  expect_green(probe(ProbeKind::kGateway, "2001:db8::fe"), "neighbour 2001:db8::fe is REACHABLE");
}

TEST_F(RunProbe, AGatewayOfItsLinkAloneIsFoundByItsRoute) {
  EXPECT_TRUE(probe(ProbeKind::kGateway, "fe80::fe").green);
  expect_red(probe(ProbeKind::kGateway, "fe80::77"), "no route names it as its gateway");
}

TEST_F(RunProbe, TheNextHopOfTheWayToAnAddressIsAsked) {
  expect_green(probe(ProbeKind::kGateway, "192.0.2.1"), "neighbour 10.0.0.254 is REACHABLE");
}

TEST_F(RunProbe, AnOldEntryOfAGatewayThatIsGoneIsRed) {
  for (const std::string gateway : {"10.0.0.254", "2001:db8::fe", "fe80::fe"}) {
    ASSERT_TRUE(probe(ProbeKind::kGateway, gateway).green) << gateway;
  }
  run("sysctl -qw net.ipv4.neigh.eth0.retrans_time_ms=100 net.ipv6.neigh.eth0.retrans_time_ms=100");
  neighbour_->run("ip link set peer0 arp off; ip -6 address flush dev peer0");
  for (const std::string gateway : {"10.0.0.254", "2001:db8::fe", "fe80::fe"}) {
    run("ip neighbour change " + gateway + " dev eth0 nud " + (gateway == "2001:db8::fe" ? "reachable" : "stale"));
    const auto result = probe(ProbeKind::kGateway, gateway);
    EXPECT_FALSE(result.green) << gateway << ": " << result.text;
    EXPECT_LT(result.took, kLong);  // the kernel gave it up, not the limit
  }
}

TEST_F(RunProbe, AnOldEntryOfALivingGatewayIsAskedAnew) {
  for (const std::string gateway : {"10.0.0.254", "2001:db8::fe", "fe80::fe"}) {
    ASSERT_TRUE(probe(ProbeKind::kGateway, gateway).green);
    run("ip neighbour change " + gateway + " dev eth0 nud stale");
    expect_green(probe(ProbeKind::kGateway, gateway), "neighbour " + gateway + " is REACHABLE");
  }
}

TEST_F(RunProbe, WhatCouldNotBeReadIsRed) {
  expect_red(probe(ProbeKind::kGateway, "0.0.0.0"), "which there are could not be read");
  expect_red(probe(ProbeKind::kDns, "0.0.0.0", 53), "which there are could not be read");
}

TEST_F(RunProbe, AGatewayThatIsNotThereIsRed) {
  expect_red(probe(ProbeKind::kGateway, "10.0.0.77", 0, kShort), "neighbour 10.0.0.77 is INCOMPLETE");
}

TEST_F(RunProbe, AGatewayWhoseLinkWentDownIsRed) {
  ASSERT_TRUE(probe(ProbeKind::kGateway, "10.0.0.254").green);
  neighbour_->run("ip link set peer0 down");
  EXPECT_FALSE(probe(ProbeKind::kGateway, "10.0.0.254", 0, kShort).green);
}

TEST_F(RunProbe, WhatIsNotForTheHostToProbeIsRed) {
  expect_red(probe(ProbeKind::kInbound, "10.0.0.1", 22), "the collector makes this one");
  expect_red(probe(ProbeKind::kCollector, "10.0.0.1"), "the session makes this one");
}

TEST_F(RunProbe, TheDefaultGatewaysOfBothFamiliesAreProbed) {
  run("ip route add default metric 5 nexthop via 10.0.0.253 nexthop via 10.0.0.254");
  std::vector<std::string> names;
  for (const auto& target : local_probes()) {
    if (target.kind == ProbeKind::kGateway) names.push_back(render(target));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"gateway 10.0.0.254 (default gateway)", "gateway 10.0.0.253 (default gateway)",
                                             "gateway fe80::fe (default gateway)"}));
}

TEST_F(RunProbe, NameServersAreReadFromTheFile) {
  const fixtures::ScratchDir dir;
  fixtures::write_text(dir / "resolv.conf", "nameserver 10.0.0.53\nnameserver 10.0.1.53\n");
  EXPECT_EQ(read_name_servers(dir / "resolv.conf").value().size(), 2U);
  EXPECT_TRUE(read_name_servers(dir / "nothing").value().empty());
  EXPECT_FALSE(read_name_servers(dir.path()));  // a directory: there is something, and it cannot be read
}

TEST_F(RunProbe, TheServersBehindAnOwnOneAreRead) {
  const fixtures::ScratchDir dir;
  fixtures::write_text(dir / "stub", "nameserver 127.0.0.53\n");
  fixtures::write_text(dir / "plain", "nameserver 10.0.2.53\n");
  fixtures::write_text(dir / "behind", "nameserver 10.0.0.53\nnameserver 10.0.1.53\n");
  EXPECT_EQ(read_name_servers(dir / "stub", dir / "behind").value(),
            (std::vector<IpAddress>{address("127.0.0.53"), address("10.0.0.53"), address("10.0.1.53")}));
  EXPECT_EQ(read_name_servers(dir / "stub", dir / "nothing").value(), (std::vector<IpAddress>{address("127.0.0.53")}));
  EXPECT_EQ(read_name_servers(dir / "plain", dir / "behind").value(), (std::vector<IpAddress>{address("10.0.2.53")}));
}

}  // namespace
}  // namespace ondol::probes
