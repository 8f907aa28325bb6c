#include <gtest/gtest.h>

#include <algorithm>

#include "agent/host/routes/replay_changes.h"
#include "agent/host/routes/snapshot_builder.h"
#include "tests/unit/host_routes/netlink_bytes.h"

namespace ondol::routes {
namespace {

using session::ChangeKind;

BuiltMessage route_message(const std::string& destination, std::uint8_t protocol, std::uint32_t metric = 0) {
  const IpPrefix prefix = parse_prefix(destination).value();
  rtmsg fixed =
      prefix.address.family == Family::kIpv4 ? ipv4_header(prefix.length) : ipv6_header(prefix.length);
  fixed.rtm_protocol = protocol;
  return message_of(fixed)
      .add(attribute(RTA_DST, {prefix.address.octets().begin(), prefix.address.octets().end()}))
      .add(attribute(RTA_PRIORITY, bytes_of(metric)))
      .add(attribute(RTA_OIF, bytes_of(2)));
}

class Snapshot : public testing::Test {
 protected:
  void take(const BuiltMessage& message) { builder_.take(message.view()); }

  LinkTable links_ = two_links();
  NexthopTable nexthops_;
  ComparedTables tables_;
  SnapshotBuilder builder_{tables_, links_, nexthops_};
};

TEST_F(Snapshot, RoutesComeInKeyOrderWhateverTheKernelsOrder) {
  for (const char* destination :
       {"10.0.0.0/24", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.0/24", "172.16.0.0/12"}) {
    take(route_message(destination, RTPROT_STATIC));
  }
  take(route_message("10.0.0.0/8", RTPROT_STATIC, 7));
  const RouteSnapshot snapshot = builder_.finish();
  ASSERT_EQ(snapshot.routes.size(), 6U);
  EXPECT_TRUE(
      std::ranges::is_sorted(snapshot.routes, {}, [](const ObservedRoute& r) { return r.route.key; }));
  EXPECT_FALSE(snapshot.truncated);
}

TEST_F(Snapshot, ManyRoutesInReverseOrderAreSortedToo) {
  for (int i = 9999; i >= 0; --i)
    take(route_message("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256) + "/32", 4));
  const RouteSnapshot snapshot = builder_.finish();
  EXPECT_EQ(snapshot.routes.size(), 10'000U);
  EXPECT_TRUE(
      std::ranges::is_sorted(snapshot.routes, {}, [](const ObservedRoute& r) { return r.route.key; }));
}

TEST_F(Snapshot, DaemonsAreCountedByProtocol) {
  for (int i = 0; i < 3; ++i) take(route_message("10.0.0.0/8", RTPROT_BIRD));
  take(route_message("10.0.0.0/8", RTPROT_KERNEL));
  const RouteSnapshot snapshot = builder_.finish();
  EXPECT_TRUE(snapshot.routes.empty());
  EXPECT_EQ(snapshot.compared, 0U);
  const std::vector<std::pair<std::uint8_t, std::uint32_t>> expected{{RTPROT_KERNEL, 1}, {RTPROT_BIRD, 3}};
  EXPECT_EQ(snapshot.counted, expected);
}

TEST_F(Snapshot, BeyondTheLimitForeignRoutesAreOnlyCountedAndOursAreKept) {
  const std::uint32_t foreign = kMaxForeignRoutes + 10;
  for (std::uint32_t i = 0; i < foreign; ++i) take(route_message("10.0.0.0/8", RTPROT_STATIC, i + 1));
  take(route_message("10.0.0.0/8", kOurProtocol, foreign + 1));
  const RouteSnapshot snapshot = builder_.finish();
  EXPECT_TRUE(snapshot.truncated);
  EXPECT_EQ(snapshot.compared, foreign + 1);
  EXPECT_EQ(snapshot.routes.size(), kMaxForeignRoutes + 1);
  EXPECT_EQ(snapshot.routes.back().protocol, kOurProtocol);
}

TEST_F(Snapshot, BeyondTheLimitHoldersOfWantedKeysAreShownStill) {
  const std::uint32_t foreign = kMaxForeignRoutes + 10;
  std::vector<RouteKey> wanted(2);
  for (RouteKey& key : wanted) key.destination = parse_prefix("10.0.0.0/8").value();
  wanted[0].metric = 7;
  wanted[1].metric = foreign;
  builder_.keep_holders_of(wanted);
  for (std::uint32_t i = 0; i < foreign; ++i) take(route_message("10.0.0.0/8", RTPROT_STATIC, i + 1));
  const RouteSnapshot snapshot = builder_.finish();
  EXPECT_TRUE(snapshot.truncated);
  EXPECT_EQ(snapshot.routes.size(), kMaxForeignRoutes + 1);
  EXPECT_EQ(snapshot.routes.back().route.key, wanted[1]);
}

TEST_F(Snapshot, ARouteThatADumpShowsTwiceIsThereOnce) {
  take(route_message("2001:db8::/48", RTPROT_STATIC));
  take(route_message("2001:db8::/48", RTPROT_STATIC));
  const RouteSnapshot snapshot = builder_.finish();
  EXPECT_EQ(snapshot.routes.size(), 1U);
  EXPECT_EQ(snapshot.compared, 1U);
  EXPECT_FALSE(snapshot.truncated);
}

TEST_F(Snapshot, TheDigestIsOfComparedRoutesOnly) {
  SnapshotBuilder other(tables_, links_, nexthops_);
  take(route_message("10.0.0.0/8", RTPROT_STATIC));
  other.take(route_message("11.0.0.0/8", RTPROT_BIRD).view());
  other.take(route_message("10.0.0.0/8", RTPROT_STATIC).view());
  EXPECT_EQ(builder_.mark(), other.mark());
  other.take(route_message("12.0.0.0/8", RTPROT_STATIC).view());
  EXPECT_NE(builder_.mark(), other.mark());
}

ObservedRoute observed(const std::string& destination, const std::vector<std::string>& gateways,
                       std::uint8_t protocol = 4) {
  ObservedRoute route;
  route.route.key.destination = parse_prefix(destination).value();
  for (const std::string& gateway : gateways) {
    route.route.value.nexthops.emplace_back().gateway = parse_address(gateway).value();
  }
  route.protocol = protocol;
  normalise(route.route);
  return route;
}

SeenChange change(ChangeKind kind, const ObservedRoute& route) {
  SeenChange made;
  made.kind = kind;
  made.route = route;
  return made;
}

TEST(ReplayChanges, WhatTheDumpAlreadyShowsIsNotDoubled) {
  const ObservedRoute route = observed("10.0.0.0/8", {"10.0.0.1"});
  std::vector<ObservedRoute> routes{route};
  replay_changes(std::vector{change(ChangeKind::kAdded, route)}, routes);
  EXPECT_EQ(routes, std::vector{route});
  replay_changes(std::vector{change(ChangeKind::kRemoved, route), change(ChangeKind::kAdded, route)}, routes);
  EXPECT_EQ(routes, std::vector{route});
}

TEST(ReplayChanges, AddedReplacedAndRemovedKeepTheOrder) {
  const ObservedRoute a = observed("10.0.0.0/8", {"10.0.0.1"});
  const ObservedRoute b = observed("11.0.0.0/8", {"10.0.0.1"});
  const ObservedRoute c = observed("12.0.0.0/8", {"10.0.0.1"});
  const ObservedRoute now = observed("12.0.0.0/8", {"10.0.0.2"}, 79);
  std::vector<ObservedRoute> routes{a, c};
  replay_changes(std::vector{change(ChangeKind::kAdded, b), change(ChangeKind::kReplaced, now),
                             change(ChangeKind::kRemoved, a)},
                 routes);
  EXPECT_EQ(routes, (std::vector{b, now}));
}

TEST(ReplayChanges, ADeleteOfAnotherProtocolLeavesTheRoute) {
  const ObservedRoute ours = observed("10.0.0.0/8", {"10.0.0.1"}, 79);
  std::vector<ObservedRoute> routes{ours};
  replay_changes(std::vector{change(ChangeKind::kRemoved, observed("10.0.0.0/8", {"10.0.0.1"}))}, routes);
  EXPECT_EQ(routes, std::vector{ours});
}

TEST(ReplayChanges, AnIpv6SiblingGoesAndTheOthersStay) {
  std::vector<ObservedRoute> routes{observed("2001:db8::/48", {"fe80::1", "fe80::2", "fe80::3"})};
  const auto removed = [](const std::vector<std::string>& gateways) {
    return std::vector{change(ChangeKind::kRemoved, observed("2001:db8::/48", gateways))};
  };
  replay_changes(removed({"fe80::2"}), routes);
  EXPECT_EQ(routes, std::vector{observed("2001:db8::/48", {"fe80::1", "fe80::3"})});
  replay_changes(removed({"fe80::1", "fe80::3"}), routes);
  EXPECT_TRUE(routes.empty());
}

TEST(ReplayChanges, ReadingsAgreeApartFromWhatEventsTouched) {
  const ObservedRoute a = observed("10.0.0.0/8", {"10.0.0.1"});
  const ObservedRoute b = observed("11.0.0.0/8", {"10.0.0.1"});
  const std::vector touching_b{change(ChangeKind::kAdded, b)};
  EXPECT_TRUE(equal_apart_from(touching_b, {a}, {a, b}));
  EXPECT_FALSE(equal_apart_from({}, {a}, {a, b}));
  EXPECT_FALSE(equal_apart_from(touching_b, {b}, {a, b}));
}

TEST(ReplayChanges, TwoTornReadingsTogetherAreWhole) {
  const ObservedRoute a = observed("2001:db8:a::/48", {"fe80::1"});
  const ObservedRoute b = observed("2001:db8:b::/48", {"fe80::1"});
  const ObservedRoute c = observed("2001:db8:c::/48", {"fe80::1"});
  EXPECT_EQ(merge_readings({}, {a, c}, {b, c}), (std::vector{a, b, c}));
  // c was deleted between the two: its event says so.
  EXPECT_EQ(merge_readings(std::vector{change(ChangeKind::kRemoved, c)}, {a, c}, {b}), (std::vector{a, b}));
}

}  // namespace
}  // namespace ondol::routes
