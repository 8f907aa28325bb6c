#include <csignal>

#include "tests/integration/host_routes/route_host.h"

namespace ondol::routes {
namespace {

using fixtures::run;
using session::ChangeKind;

class WatchRoutes : public RouteHost {
 protected:
  static std::size_t count(const Drained& seen, ChangeKind kind) {
    return static_cast<std::size_t>(std::ranges::count(seen.changes, kind, &SeenChange::kind));
  }
};

// `count` lines for `ip -batch`: one /32 each.
void write_batch(const std::string& path, const std::string& verb, int count, const std::string& protocol) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += fmt::format("route {} 10.{}.{}.{}/32 via 10.0.0.2 proto {}\n", verb, 100 + i / 65536,
                        i / 256 % 256, i % 256, protocol);
  }
  fixtures::write_text(path, text);
}

std::string batch_path() { return fmt::format("{}/host_routes_batch.{}", testing::TempDir(), getpid()); }

TEST_F(WatchRoutes, EveryHandEditIsSeenWithItsKind) {
  run("ip route add 10.20.0.0/16 via 10.0.0.2 proto static; ip route replace 10.20.0.0/16 via 10.0.0.3;"
      "ip route del 10.20.0.0/16; ip -6 route add blackhole 2001:db8:bad::/48");
  const Drained seen = drain_changes(4);
  ASSERT_EQ(seen.changes.size(), 4U);
  EXPECT_EQ(seen.changes[0].kind, ChangeKind::kAdded);
  EXPECT_EQ(seen.changes[0].route.protocol, kProtocolStatic);
  EXPECT_EQ(seen.changes[1].kind, ChangeKind::kReplaced);
  EXPECT_EQ(seen.changes[1].route.protocol, kProtocolBoot);
  EXPECT_EQ(render(seen.changes[1].route.route.value.nexthops.at(0).gateway.value()), "10.0.0.3");
  EXPECT_EQ(seen.changes[2].kind, ChangeKind::kRemoved);
  EXPECT_EQ(seen.changes[3].route.route.value.type, RouteType::kBlackhole);
  EXPECT_FALSE(seen.overrun);
}

TEST_F(WatchRoutes, OurOwnWritesAreNotToldBack) {
  apply_all({add(route_to("10.20.0.0/16", "10.0.0.2")), add(route_to("2001:db8:20::/48", "2001:db8::2"))});
  EXPECT_TRUE(socket_->drain().changes.empty());
}

TEST_F(WatchRoutes, ASiblingRemovedOneByOneIsOneChange) {
  run("ip -6 route add 2001:db8:21::/48 proto static nexthop via 2001:db8::2 nexthop via 2001:db8::3");
  const Drained added = drain_changes(1);
  EXPECT_EQ(added.changes[0].route.route.value.nexthops.size(), 2U);
  run("ip link set eth0 down");
  const Drained removed =
      drain_until([](const Drained& seen) { return seen.links_changed && !seen.changes.empty(); });
  ASSERT_EQ(removed.changes.size(), 1U);
  EXPECT_EQ(removed.changes[0].route, added.changes[0].route);
}

TEST_F(WatchRoutes, RoutesOfOtherTablesAreSilentUntilTheyAreNamed) {
  run("ip route add 10.22.0.0/16 via 10.0.0.2 table 1000");
  EXPECT_TRUE(socket_->drain().changes.empty());
  EXPECT_EQ(snapshot({1000}).routes.size(), 1U);
  run("ip route del 10.22.0.0/16 table 1000");
  EXPECT_EQ(drain_changes(1).changes[0].route.route.key.table, 1000U);
}

TEST_F(WatchRoutes, ALinkThatGoesDownTakesIpv4RoutesWithoutAWord) {
  apply_all({add(route_to("10.23.0.0/16", "10.0.0.2"))});
  run("ip link set eth0 down");
  const Drained seen = drain_until([](const Drained& all) { return all.links_changed; });
  EXPECT_TRUE(seen.changes.empty());
  EXPECT_TRUE(snapshot().routes.empty());
}

TEST_F(WatchRoutes, AnAddressThatGoesSetsLinksChanged) {
  apply_all({add(route_to("10.24.0.0/16", "10.0.0.2"))});
  run("ip address del 10.0.0.1/24 dev eth0");
  drain_until([](const Drained& all) { return all.links_changed; });
  EXPECT_TRUE(snapshot().routes.empty());
}

TEST_F(WatchRoutes, ADeletedNexthopObjectSetsLinksChanged) {
  run("ip nexthop add id 1 via 10.0.0.2 dev eth0; ip route add 10.25.0.0/16 nhid 1 proto static");
  drain_until([](const Drained& all) { return all.links_changed && all.changes.size() == 1; });
  run("ip nexthop del id 1");
  drain_until([](const Drained& all) { return all.links_changed; });
  EXPECT_TRUE(snapshot().routes.empty());
}

TEST_F(WatchRoutes, ARenamedInterfaceHasItsNewNameInEventsAndSnapshots) {
  run("ip link set eth0 name wan0; ip route add 10.26.0.0/16 via 10.0.0.2 proto static");
  const Drained seen = drain_changes(1);
  EXPECT_TRUE(seen.links_changed);
  EXPECT_EQ(seen.changes[0].route.route.value.nexthops.at(0).interface.view(), "wan0");
  EXPECT_EQ(snapshot().routes.at(0).route.value.nexthops.at(0).interface.view(), "wan0");
}

TEST_F(WatchRoutes, LinksTellStateAndAddresses) {
  const auto links = socket_->links();
  ASSERT_TRUE(links);
  const auto eth0 =
      std::ranges::find(*links, std::string_view("eth0"), [](const Link& l) { return l.name.view(); });
  ASSERT_NE(eth0, links->end());
  EXPECT_TRUE(eth0->up);
  EXPECT_TRUE(eth0->running);
  ASSERT_GE(eth0->addresses.size(), 2U);
  EXPECT_EQ(render(eth0->addresses[0]), "10.0.0.1/24");
  run("ip link set peer0 down");
  const auto cut = socket_->links();
  const auto off =
      std::ranges::find(*cut, std::string_view("eth0"), [](const Link& l) { return l.name.view(); });
  EXPECT_TRUE(off->up);
  EXPECT_FALSE(off->running);
}

TEST_F(WatchRoutes, AnOverrunIsSaidAndTheSnapshotIsRight) {
  open({.receive_buffer_bytes = 4096});
  write_batch(batch_path(), "add", 2000, "static");
  run("ip -batch " + batch_path());
  EXPECT_TRUE(drain_until([](const Drained& all) { return all.overrun; }).overrun);
  EXPECT_EQ(snapshot().routes.size(), 2000U);
  EXPECT_FALSE(fixtures::is_readable(socket_->event_fd(), 0));
}

TEST_F(WatchRoutes, LinksRenamedDuringAnOverrunAreKnownAfterwards) {
  open({.receive_buffer_bytes = 4096});
  write_batch(batch_path(), "add", 2000, "static");
  run("ip -batch " + batch_path() + "; ip link set eth0 name wan0; ip route flush proto static");
  drain_until([](const Drained& all) { return all.overrun; });
  apply_all({add(route_to("10.27.0.0/16", "", "wan0"))});
}

TEST_F(WatchRoutes, AHundredThousandRoutesOfADaemonAreCountedAndNeverHeard) {
  open({.receive_buffer_bytes = 4096});
  apply_all({add(route_to("10.28.0.0/16", "10.0.0.2"))});
  write_batch(batch_path(), "add", 100'000, "bird");
  run("ip -batch " + batch_path());
  const Drained seen = socket_->drain();
  EXPECT_TRUE(seen.changes.empty());
  EXPECT_FALSE(seen.overrun);
  const RouteSnapshot all = snapshot();
  EXPECT_EQ(all.routes.size(), 1U);
  EXPECT_FALSE(all.truncated);
  const auto bird = std::ranges::find(all.counted, 12, &std::pair<std::uint8_t, std::uint32_t>::first);
  ASSERT_NE(bird, all.counted.end());
  EXPECT_EQ(bird->second, 100'000U);
}

TEST_F(WatchRoutes, AHundredThousandForeignStaticRoutesOverrunAndOursAreStillSeen) {
  open({.receive_buffer_bytes = 1 << 20, .blame = true});
  std::vector<RouteOp> ours;
  for (int i = 0; i < 500; ++i)
    ours.push_back(add(route_to(fmt::format("192.168.{}.{}/32", i / 250, i % 250), "10.0.0.2")));
  apply_all(ours);
  write_batch(batch_path(), "add", 100'000, "static");
  run("ip -batch " + batch_path());
  drain_until([](const Drained& all) { return all.overrun; });
  const RouteSnapshot all = snapshot();
  EXPECT_TRUE(all.truncated);
  EXPECT_EQ(all.compared, 100'500U);
  EXPECT_EQ(std::ranges::count(all.routes, kOurProtocol, &ObservedRoute::protocol), 500);
  EXPECT_TRUE(std::ranges::is_sorted(all.routes, {}, [](const ObservedRoute& r) { return r.route.key; }));
}

// IPv4 dumps are torn without a flag, IPv6 dumps by routes that nobody compares.
TEST_F(WatchRoutes, NoSnapshotIsTornWhileForeignRoutesComeAndGo) {
  std::vector<RouteOp> ours;
  for (int i = 0; i < 2000; ++i) {
    ours.push_back(add(route_to(fmt::format("10.{}.{}.0/24", 200 + i / 250, i % 250), "10.0.0.2")));
    ours.push_back(add(route_to(fmt::format("2001:db8:{:x}::/48", i + 16), "2001:db8::2")));
  }
  open({.receive_buffer_bytes = 8 << 20, .blame = false});
  apply_all(ours);
  std::string churn;
  for (int i = 0; i < 100; ++i) {
    const std::string v4 = fmt::format("10.{}.{}.128/25 via 10.0.0.3", 200 + i / 250, i % 250);
    const std::string v6 = fmt::format("2001:db8:{:x}:1::/64 via 2001:db8::3", i + 16);
    for (const std::string verb : {"add", "del"}) {
      churn += fmt::format("route {} {} proto static\nroute {} {} proto bird\n", verb, v4, verb, v6);
    }
  }
  fixtures::write_text(batch_path(), churn);
  const pid_t writer = fixtures::start("while :; do ip -force -batch " + batch_path() + " || exit 1; done");
  const auto is_ours = [](const ObservedRoute& route) { return route.protocol == kOurProtocol; };
  std::size_t read = 0;
  std::size_t seen = 0;
  for (int i = 0; i < 10; ++i) {
    const auto all = socket_->snapshot({});
    if (all) {
      EXPECT_EQ(std::ranges::count_if(all->routes, is_ours), 4000);
    } else {
      EXPECT_EQ(all.error().code, Errc::kInterrupted);
    }
    read += all ? 1 : 0;
    seen += socket_->drain().changes.size();
  }
  kill(writer, SIGKILL);
  fixtures::wait_for(writer);
  EXPECT_GT(read, 0U);
  EXPECT_GT(seen, 0U);
}

TEST_F(WatchRoutes, EventsThatASnapshotTookOffTheSocketAreStillAnnounced) {
  run("ip route add 10.29.0.0/16 via 10.0.0.2 proto static");
  EXPECT_EQ(snapshot().routes.size(), 1U);
  ASSERT_TRUE(fixtures::is_readable(socket_->event_fd(), 0));
  EXPECT_EQ(socket_->drain().changes.size(), 1U);
  EXPECT_FALSE(fixtures::is_readable(socket_->event_fd(), 0));
}

TEST_F(WatchRoutes, KernelRoutesPolicyRulesAndOtherTablesAreOnlyCounted) {
  run("ip route add 10.30.0.0/16 via 10.0.0.2 table 500 proto static; ip route add 10.31.0.0/16 via 10.0.0.2 "
      "tos 8;"
      "ip rule add pref 100 from 10.0.0.0/8 table 500");
  const RouteSnapshot all = snapshot();
  EXPECT_TRUE(all.routes.empty());
  EXPECT_EQ(all.compared, 0U);
  EXPECT_EQ(all.policy_rules, 6U);  // five are the kernel's own
  const auto counted = [&all](std::uint8_t protocol) {
    const auto found =
        std::ranges::find(all.counted, protocol, &std::pair<std::uint8_t, std::uint32_t>::first);
    return found == all.counted.end() ? 0U : found->second;
  };
  EXPECT_EQ(counted(kProtocolStatic), 1U);
  EXPECT_EQ(counted(kProtocolBoot), 1U);
  EXPECT_GE(counted(kProtocolKernel), 2U);
}

TEST_F(WatchRoutes, ASecondNamedTableAndBothFamiliesComeInKeyOrder) {
  run("ip route add 10.32.0.0/16 via 10.0.0.2 table 1000; ip route add default via 10.0.0.2;"
      "ip route add 10.32.0.0/16 via 10.0.0.2; ip route add 10.32.0.0/24 via 10.0.0.2; ip -6 route add "
      "default via 2001:db8::2;"
      "ip -6 route add 2001:db8:32::/48 via 2001:db8::2; ip -6 route add 2001:db8:32::/64 via 2001:db8::2");
  const RouteSnapshot all = snapshot({1000});
  EXPECT_EQ(all.routes.size(), 7U);
  EXPECT_TRUE(std::ranges::is_sorted(all.routes, {}, [](const ObservedRoute& r) { return r.route.key; }));
}

}  // namespace
}  // namespace ondol::routes
