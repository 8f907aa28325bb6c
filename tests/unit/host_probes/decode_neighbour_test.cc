#include "agent/host/probes/decode_neighbour.h"

#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

namespace ondol::probes {
namespace {

class Built {
 public:
  template <typename Fixed>
  Built(std::uint16_t type, const Fixed& fixed) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    append(&header, sizeof header);
    append(&fixed, sizeof fixed);
  }
  Built& with(std::uint16_t type, const void* data, std::size_t size) {
    const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + size), type};
    append(&header, sizeof header);
    append(data, size);
    return *this;
  }
  Built& with(std::uint16_t type, const IpAddress& address) { return with(type, address.bytes.data(), address.octets().size()); }
  std::vector<std::uint8_t> bytes() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    return bytes_;
  }

 private:
  void append(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  std::vector<std::uint8_t> bytes_;
};

IpAddress address(const char* text) { return parse_address(text).value(); }

ndmsg neighbour_header(std::uint16_t state) {
  ndmsg fixed{};
  fixed.ndm_family = AF_INET;
  fixed.ndm_ifindex = 3;
  fixed.ndm_state = state;
  return fixed;
}

TEST(DecodeNeighbour, AnEntryIsReadWithItsState) {
  const auto bytes = Built(RTM_NEWNEIGH, neighbour_header(NUD_STALE)).with(NDA_DST, address("10.0.0.254")).bytes();
  const auto neighbour = decode_neighbour(bytes);
  ASSERT_TRUE(neighbour);
  EXPECT_EQ(*neighbour, (Neighbour{3, address("10.0.0.254"), NUD_STALE}));
  EXPECT_TRUE(is_resolved(*neighbour));
}

TEST(DecodeNeighbour, OnlyAFreshAnswerCountsAsReachable) {
  for (const std::uint16_t state : {NUD_STALE, NUD_DELAY, NUD_PROBE}) {
    EXPECT_TRUE(is_resolved({3, {}, state})) << state_text(state);
    EXPECT_FALSE(is_reachable({3, {}, state})) << state_text(state);
  }
  EXPECT_TRUE(is_reachable({3, {}, NUD_REACHABLE}));
  for (const std::uint16_t state : {NUD_PERMANENT, NUD_NOARP}) EXPECT_TRUE(is_fixed({3, {}, state})) << state_text(state);
  for (const std::uint16_t state : {NUD_NONE, NUD_INCOMPLETE, NUD_FAILED}) {
    EXPECT_FALSE(is_resolved({3, {}, state}) || is_fixed({3, {}, state})) << state_text(state);
  }
}

TEST(DecodeNeighbour, CutAndForeignMessagesAreNone) {
  const auto bytes = Built(RTM_NEWNEIGH, neighbour_header(NUD_STALE)).with(NDA_DST, address("10.0.0.254")).bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_neighbour(Bytes(bytes).first(size))) << size;
  EXPECT_FALSE(decode_hops(bytes));
  EXPECT_FALSE(decode_neighbour(Built(RTM_NEWNEIGH, neighbour_header(NUD_STALE)).bytes()));
}

TEST(DecodeHops, TheDefaultRouteOfTableMainIsTold) {
  rtmsg fixed{};
  fixed.rtm_family = AF_INET;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_type = RTN_UNICAST;
  const std::int32_t link = 3;
  const auto route = decode_hops(Built(RTM_NEWROUTE, fixed).with(RTA_OIF, &link, 4).with(RTA_GATEWAY, address("10.0.0.254")).bytes());
  ASSERT_TRUE(route);
  EXPECT_EQ(*route, (RouteHops{true, false, {{3, address("10.0.0.254")}}}));
  fixed.rtm_table = 100;
  EXPECT_FALSE(decode_hops(Built(RTM_NEWROUTE, fixed).bytes())->is_default);
}

TEST(DecodeHops, EveryNexthopOfSeveralIsTold) {
  rtmsg fixed{};
  fixed.rtm_family = AF_INET;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_type = RTN_UNICAST;
  std::vector<std::uint8_t> hops;
  for (const char* gateway : {"10.0.0.2", "10.0.0.3"}) {
    rtnexthop hop{};
    hop.rtnh_len = sizeof(hop) + 8;
    hop.rtnh_ifindex = 3;
    const nlattr attribute{8, RTA_GATEWAY};
    const IpAddress bytes = address(gateway);
    hops.insert(hops.end(), reinterpret_cast<std::uint8_t*>(&hop), reinterpret_cast<std::uint8_t*>(&hop) + sizeof hop);
    hops.insert(hops.end(), reinterpret_cast<const std::uint8_t*>(&attribute), reinterpret_cast<const std::uint8_t*>(&attribute) + 4);
    hops.insert(hops.end(), bytes.bytes.begin(), bytes.bytes.begin() + 4);
  }
  const auto route = decode_hops(Built(RTM_NEWROUTE, fixed).with(RTA_MULTIPATH, hops.data(), hops.size()).bytes());
  ASSERT_TRUE(route);
  EXPECT_EQ(route->hops, (std::vector<NextHop>{{3, address("10.0.0.2")}, {3, address("10.0.0.3")}}));
}

}  // namespace
}  // namespace ondol::probes
