#include "common/rpc/door_list.h"

#include <gtest/gtest.h>

namespace ondol::rpc {
namespace {

using Answer = DoorList::Answer;
using std::chrono::seconds;

const DoorList::Time kNow{};

PeerKey peer(const std::string& address, std::uint16_t port) { return *parse_peer("ipv4:" + address + ":" + std::to_string(port)); }

TEST(DoorList, PeersAreReadAsGrpcWritesThem) {
  EXPECT_EQ(parse_peer("ipv4:10.0.0.1:4711"), (PeerKey{*parse_address("10.0.0.1"), 4711}));
  EXPECT_EQ(parse_peer("ipv6:%5B2001:db8::1%5D:80"), (PeerKey{*parse_address("2001:db8::1"), 80}));
  EXPECT_EQ(parse_peer("ipv6:%5Bfe80::1%25eth0%5D:80"), (PeerKey{*parse_address("fe80::1"), 80}));
  EXPECT_EQ(parse_peer("ipv6:%5B::ffff:10.0.0.1%5D:80"), (PeerKey{*parse_address("10.0.0.1"), 80}));
  for (const char* bad : {"", "unix:", "ipv4:10.0.0.1", "ipv4:10.0.0.1:", "ipv4:10.0.0.1:70000", "ipv4:x:1", "ipv6:::1:80"}) {
    EXPECT_FALSE(parse_peer(bad)) << bad;
  }
}

TEST(DoorList, OneSourceCannotTakeEveryPlace) {
  DoorList door(10, 2);
  EXPECT_EQ(door.admit(peer("10.0.0.1", 1), 5, kNow, kNow), -1);
  EXPECT_EQ(door.admit(peer("10.0.0.1", 2), 6, kNow, kNow), -1);
  EXPECT_EQ(door.judge(peer("10.0.0.1", 3)), Answer::kSourceFull);
  EXPECT_EQ(door.judge(peer("10.0.0.2", 3)), Answer::kWelcome);
}

TEST(DoorList, AnIpv6HostIsItsWholeSlash64) {
  DoorList door(10, 1);
  door.admit(*parse_peer("ipv6:%5B2001:db8::1%5D:1"), 5, kNow, kNow);
  EXPECT_EQ(door.judge(*parse_peer("ipv6:%5B2001:db8::2%5D:1")), Answer::kSourceFull);
  EXPECT_EQ(door.judge(*parse_peer("ipv6:%5B2001:db8:0:1::1%5D:1")), Answer::kWelcome);
}

TEST(DoorList, AFullHouseTakesNobodyUntilSomebodyLeaves) {
  DoorList door(1, 1);
  door.admit(peer("10.0.0.1", 1), 5, kNow, kNow);
  EXPECT_EQ(door.judge(peer("10.0.0.2", 1)), Answer::kFull);
  EXPECT_EQ(door.opened(peer("10.0.0.1", 1)), 5);
  EXPECT_EQ(door.judge(peer("10.0.0.2", 1)), Answer::kFull);
  door.ended(peer("10.0.0.1", 1));
  EXPECT_EQ(door.judge(peer("10.0.0.2", 1)), Answer::kWelcome);
}

TEST(DoorList, OnlyThoseWithoutAStreamAreOverdue) {
  DoorList door(10, 10);
  door.admit(peer("10.0.0.1", 1), 5, kNow, kNow + seconds(5));
  door.admit(peer("10.0.0.1", 2), 6, kNow, kNow + seconds(5));
  EXPECT_EQ(door.opened(peer("10.0.0.1", 2)), 6);
  EXPECT_TRUE(door.take_overdue(kNow + seconds(4)).empty());
  EXPECT_EQ(door.take_overdue(kNow + seconds(5)), std::vector<int>{5});
  EXPECT_EQ(door.size(), 1u);
}

TEST(DoorList, APortThatComesAgainNeitherLeaksAPlaceNorADescriptor) {
  DoorList door(10, 1);
  EXPECT_EQ(door.admit(peer("10.0.0.1", 1), 5, kNow, kNow + seconds(5)), -1);
  EXPECT_EQ(door.judge(peer("10.0.0.1", 1)), Answer::kWelcome);
  EXPECT_EQ(door.admit(peer("10.0.0.1", 1), 6, kNow, kNow + seconds(7)), 5);
  EXPECT_TRUE(door.take_overdue(kNow + seconds(5)).empty()) << "the newer connection has its own patience";
  EXPECT_EQ(door.take_overdue(kNow + seconds(7)), std::vector<int>{6});
  EXPECT_EQ(door.size(), 0u);
}

TEST(DoorList, AFailedHandshakeFreesItsPlaceAtOnce) {
  DoorList door(10, 1);
  door.admit(peer("10.0.0.1", 1), 5, kNow, kNow + seconds(5));
  ASSERT_EQ(door.waiting().size(), 1u);
  EXPECT_EQ(door.waiting()[0].second, 5);
  EXPECT_EQ(door.gone(peer("10.0.0.1", 1)), 5);
  EXPECT_EQ(door.judge(peer("10.0.0.1", 2)), Answer::kWelcome);
  EXPECT_TRUE(door.waiting().empty());
  EXPECT_EQ(door.gone(peer("10.0.0.1", 1)), -1);
}

TEST(DoorList, AStreamThatEndsLateDoesNotTakeTheNewConnectionsPlace) {
  DoorList door(10, 10);
  door.admit(peer("10.0.0.1", 1), 5, kNow, kNow + seconds(5));
  door.opened(peer("10.0.0.1", 1));
  door.admit(peer("10.0.0.1", 1), 6, kNow, kNow + seconds(9));
  door.ended(peer("10.0.0.1", 1));
  EXPECT_EQ(door.opened(peer("10.0.0.1", 1)), 6);
  door.ended(peer("10.0.0.1", 1));
  EXPECT_EQ(door.size(), 0u);
}

TEST(DoorList, ASecondStreamOfOneConnectionCountsOnce) {
  DoorList door(10, 10);
  door.admit(peer("10.0.0.1", 1), 5, kNow, kNow);
  door.opened(peer("10.0.0.1", 1));
  EXPECT_EQ(door.opened(peer("10.0.0.1", 1)), -1);
  door.ended(peer("10.0.0.1", 1));
  EXPECT_EQ(door.size(), 1u);
  door.ended(peer("10.0.0.1", 1));
  EXPECT_EQ(door.size(), 0u);
  door.ended(peer("10.0.0.1", 1));
}

TEST(DoorList, HandshakesCountAsWorkUntilTheyEndOrHalfASecondIsOver) {
  DoorList door(10, 10);
  const auto deadline = kNow + seconds(5);
  for (std::uint16_t port = 1; port <= 4; ++port) door.admit(peer("10.0.0.1", port), 5, kNow, deadline);
  EXPECT_EQ(door.at_work(kNow), 4U);
  door.opened(peer("10.0.0.1", 1));
  door.gone(peer("10.0.0.1", 2));
  EXPECT_EQ(door.at_work(kNow), 2U);
  door.admit(peer("10.0.0.1", 3), 6, kNow, deadline);
  EXPECT_EQ(door.at_work(kNow), 2U) << "the same place again";
  EXPECT_EQ(door.at_work(kNow + DoorList::kAtWork), 0U) << "the silent are waited for at no cost";
  door.opened(peer("10.0.0.1", 3));
  EXPECT_EQ(door.at_work(kNow + DoorList::kAtWork), 0U);
}

}  // namespace
}  // namespace ondol::rpc
