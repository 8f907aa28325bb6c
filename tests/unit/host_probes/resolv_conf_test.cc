#include "agent/host/probes/resolv_conf.h"

#include <gtest/gtest.h>

namespace ondol::probes {
namespace {

std::vector<std::string> servers_in(std::string_view text) {
  std::vector<std::string> servers;
  for (const IpAddress& address : parse_resolv_conf(text)) servers.push_back(render(address));
  return servers;
}

TEST(ResolvConf, ServersComeInOrderAndOnce) {
  EXPECT_EQ(servers_in("# by hand\nsearch example.org\nnameserver 10.0.0.53\n  nameserver\t2001:db8::53  \r\n"
                       "nameserver 10.0.0.53\noptions edns0"),
            (std::vector<std::string>{"10.0.0.53", "2001:db8::53"}));
}

TEST(ResolvConf, WhatIsNoServerIsLeftOut) {
  EXPECT_TRUE(servers_in("").empty());
  EXPECT_TRUE(servers_in("\n\n#nameserver 10.0.0.1\n;nameserver 10.0.0.2\nnameserver\nnameserver here\nnameservers 10.0.0.3\n"
                         "nameserver fe80::1%eth0").empty());
}

TEST(ResolvConf, NoMoreThanLibcUsesAreRead) {
  EXPECT_EQ(servers_in("nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n").size(), 3U);
}

}  // namespace
}  // namespace ondol::probes
