#include "agent/host/routes/inspect_routes.h"

#include <nlohmann/json.hpp>

#include "tests/integration/host_routes/route_host.h"

namespace ondol::routes {
namespace {

class InspectRoutes : public RouteHost {};

TEST_F(InspectRoutes, TheJsonTellsRoutesCountsAndLinks) {
  fixtures::run(
      "ip route add 10.20.0.0/16 proto static mtu 1400 nexthop via 10.0.0.2 nexthop via 10.0.0.3 weight 5;"
      "ip -6 route add blackhole 2001:db8:bad::/48; ip route add 10.21.0.0/16 via 10.0.0.2 proto bird;"
      "ip link set eth0 name 'od\"d<0'");
  const auto text = inspect_routes({});
  ASSERT_TRUE(text) << render(text.error());
  const auto json = nlohmann::json::parse(*text);
  ASSERT_EQ(json["routes"].size(), 2U);
  EXPECT_EQ(json["compared"], 2);
  EXPECT_EQ(json["truncated"], false);
  EXPECT_EQ(json["policy_rules"], 5);
  const auto& route = json["routes"][0];
  EXPECT_EQ(route["destination"], "10.20.0.0/16");
  EXPECT_EQ(route["protocol_name"], "static");
  EXPECT_EQ(route["mtu"], 1400);
  EXPECT_EQ(route["nexthops"][1]["weight"], 5);
  EXPECT_EQ(route["nexthops"][0]["interface"], "od\"d<0");
  EXPECT_TRUE(route["preferred_source"].is_null());
  EXPECT_EQ(json["routes"][1]["type"], "blackhole");
  EXPECT_TRUE(json["routes"][1]["nexthops"].empty());
  bool counted = false;
  for (const auto& entry : json["counted"])
    counted = counted || (entry["protocol_name"] == "bird" && entry["routes"] == 1);
  EXPECT_TRUE(counted);
  EXPECT_EQ(json["links"].size(), 3U);
}

}  // namespace
}  // namespace ondol::routes
