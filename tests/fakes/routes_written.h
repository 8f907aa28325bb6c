// Routes written as people write them, for tests: "10.20.0.0/16 via 10.0.0.1 dev eth0 table 100 metric 5 proto 4".
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

#include "common/resources/routes/intent.h"

namespace ondol::routes {

inline ObservedRoute written_route(const std::string& text) {
  std::istringstream words(text);
  std::string word;
  ObservedRoute seen;
  seen.protocol = kOurProtocol;
  words >> word;
  if (word == "blackhole") {
    seen.route.value.type = RouteType::kBlackhole;
    words >> word;
  }
  seen.route.key.destination = parse_prefix(word).value();
  Nexthop hop;
  bool has_hop = false;
  std::string value;
  while (words >> word >> value) {
    if (word == "via") hop.gateway = parse_address(value).value(), has_hop = true;
    else if (word == "dev") hop.interface = InterfaceName::make(value).value(), has_hop = true;
    else if (word == "table") seen.route.key.table = static_cast<std::uint32_t>(std::stoul(value));
    else if (word == "metric") seen.route.key.metric = static_cast<std::uint32_t>(std::stoul(value));
    else if (word == "proto") seen.protocol = static_cast<std::uint8_t>(std::stoul(value));
    else throw std::invalid_argument("unknown word " + word + " in route " + text);
  }
  if (has_hop) seen.route.value.nexthops.push_back(hop);
  normalise(seen.route);
  seen.ownership = seen.protocol == kOurProtocol ? Ownership::kOurs : Ownership::kForeign;
  return seen;
}

}  // namespace ondol::routes
