#include "agent/host/routes/event_filter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/host_routes/netlink_bytes.h"

namespace ondol::routes {
namespace {

// The kernel runs the program on messages that another socket sends: the filter is judged by its real
// interpreter.
class EventFilter : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair_), 0);
    auto program = encode_event_filter(kOwnPort);
    const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
    ASSERT_EQ(setsockopt(pair_[0], SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)), 0);
  }
  void TearDown() override {
    close(pair_[0]);
    close(pair_[1]);
  }

  bool passes(const BuiltMessage& message, std::uint32_t port) {
    ByteList bytes = message.whole();
    std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_pid), &port, sizeof(port));
    (void)!write(pair_[1], bytes.data(), bytes.size());
    ByteList read_back(bytes.size() + 1);
    const ssize_t size = read(pair_[0], read_back.data(), read_back.size());
    if (size > 0) {
      read_back.resize(static_cast<std::size_t>(size));
      EXPECT_EQ(read_back, bytes);  // whole, not cut
    }
    return size > 0;
  }

  static constexpr std::uint32_t kOwnPort = 0x12345;
  int pair_[2] = {-1, -1};
};

TEST_F(EventFilter, PassesExactlyTheComparedProtocols) {
  for (unsigned protocol = 0; protocol < 256; ++protocol) {
    rtmsg fixed = ipv4_header(8);
    fixed.rtm_protocol = static_cast<std::uint8_t>(protocol);
    for (const std::uint16_t type : {RTM_NEWROUTE, RTM_DELROUTE}) {
      EXPECT_EQ(passes(message_of(fixed, type), 99), is_compared(fixed.rtm_protocol)) << protocol;
    }
  }
}

TEST_F(EventFilter, DropsOurOwnWritesAndNobodyElses) {
  EXPECT_FALSE(passes(message_of(ipv4_header(8)), kOwnPort));
  EXPECT_TRUE(passes(message_of(ipv4_header(8)), 0));
  EXPECT_TRUE(passes(message_of(ipv4_header(8)), kOwnPort + 1));
  EXPECT_TRUE(passes(message_of(ipv4_header(8)), 0x45230100));  // the same bytes the other way round
}

TEST_F(EventFilter, PassesLinksAddressesAndNexthopsWhoeverChangedThem) {
  for (const std::uint16_t type :
       {RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_DELADDR, RTM_NEWNEXTHOP, RTM_DELNEXTHOP}) {
    EXPECT_TRUE(passes(message_of(ifinfomsg{}, type), kOwnPort)) << type;
  }
}

}  // namespace
}  // namespace ondol::routes
