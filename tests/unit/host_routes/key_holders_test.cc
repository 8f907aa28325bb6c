#include "agent/host/routes/key_holders.h"

#include <gtest/gtest.h>

#include "tests/unit/host_routes/netlink_bytes.h"

namespace ondol::routes {
namespace {

BuiltMessage holder_of(rtmsg fixed, std::uint8_t protocol, const std::string& destination,
                       const std::string& gateway) {
  fixed.rtm_protocol = protocol;
  return message_of(fixed)
      .add(attribute(RTA_DST, address_bytes_of(destination)))
      .add(attribute(RTA_GATEWAY, address_bytes_of(gateway)))
      .add(attribute(RTA_OIF, bytes_of(2)));
}

class KeyHoldersTest : public testing::Test {
 protected:
  // A replace of the route that `message` shows.
  RouteOp replace_of(const BuiltMessage& message) {
    ObservedRoute before;
    EXPECT_EQ(decode_route(message.view(), links_, nexthops_, before), Decoded::kWhole);
    return {OpKind::kReplace, before.route, kOurProtocol, before, false};
  }
  std::string objection(const RouteOp& operation, const std::vector<BuiltMessage>& dump) {
    KeyHolders holders({operation}, links_, nexthops_);
    for (const BuiltMessage& message : dump) holders.take(message.view());
    return holders.objection(operation).value_or("");
  }

  LinkTable links_ = two_links();
  NexthopTable nexthops_;
  BuiltMessage ours_ = holder_of(ipv4_header(16), RTPROT_STATIC, "10.20.0.0", "10.0.0.1");
  BuiltMessage ipv6_ = holder_of(ipv6_header(48), RTPROT_STATIC, "2001:db8:20::", "fe80::1");
};

TEST_F(KeyHoldersTest, TheRouteThatWasReadMayBeReplaced) {
  EXPECT_EQ(objection(replace_of(ours_), {ours_}), "");
  EXPECT_EQ(objection(replace_of(ours_), {}), "");
  const auto elsewhere = holder_of(ipv4_header(24), RTPROT_KERNEL, "10.20.0.0", "10.0.0.1");
  EXPECT_EQ(objection(replace_of(ours_), {elsewhere, ours_}), "");
}

TEST_F(KeyHoldersTest, AnUncomparedHolderOfTheKeyIsNeverReplaced) {
  const auto kernel = holder_of(ipv4_header(16), RTPROT_KERNEL, "10.20.0.0", "10.0.0.9");
  const std::string text = "10.20.0.0/16 is also held by a kernel route: not replaced";
  EXPECT_EQ(objection(replace_of(ours_), {kernel, ours_}), text);
  EXPECT_EQ(objection(replace_of(ours_), {ours_, kernel}), text);
  EXPECT_EQ(objection(replace_of(ours_), {kernel}), "10.20.0.0/16 is held by a kernel route: not replaced");
  rtmsg throws = ipv4_header(16);
  throws.rtm_type = RTN_THROW;
  const auto thrown = message_of(throws).add(attribute(RTA_DST, address_bytes_of("10.20.0.0")));
  EXPECT_NE(objection(replace_of(ours_), {thrown, ours_}), "");
}

TEST_F(KeyHoldersTest, ATosIsAnotherKeyForTheKernel) {
  rtmsg with_tos = ipv4_header(16);
  with_tos.rtm_tos = 16;
  EXPECT_EQ(objection(replace_of(ours_), {holder_of(with_tos, RTPROT_BIRD, "10.20.0.0", "10.0.0.9"), ours_}), "");
}

TEST_F(KeyHoldersTest, OnlyTheFirstOfSeveralComparedOnesIsHit) {
  const auto other = holder_of(ipv4_header(16), RTPROT_STATIC, "10.20.0.0", "10.0.0.9");
  EXPECT_EQ(objection(replace_of(ours_), {ours_, other}), "");
  EXPECT_NE(objection(replace_of(ours_), {other, ours_}), "");
  const auto boot = holder_of(ipv6_header(48), RTPROT_BOOT, "2001:db8:20::", "fe80::2");
  EXPECT_EQ(objection(replace_of(ipv6_), {ipv6_, boot}),
            "2001:db8:20::/48 is also held by a boot route: not replaced");
}

TEST_F(KeyHoldersTest, ATornReadIsForgotten) {
  const RouteOp operation = replace_of(ours_);
  KeyHolders holders({operation}, links_, nexthops_);
  EXPECT_TRUE(holders.asks_about(Family::kIpv4));
  EXPECT_FALSE(holders.asks_about(Family::kIpv6));
  holders.take(holder_of(ipv4_header(16), RTPROT_KERNEL, "10.20.0.0", "10.0.0.9").view());
  EXPECT_TRUE(holders.objection(operation).has_value());
  holders.forget(Family::kIpv4);
  EXPECT_FALSE(holders.objection(operation).has_value());
}

}  // namespace
}  // namespace ondol::routes
