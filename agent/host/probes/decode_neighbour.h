// Neighbour entries and gateways out of rtnetlink messages. Pure; any bytes may be given.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/ip_prefix.h"

namespace ondol::probes {

using Bytes = std::span<const std::uint8_t>;  // one whole netlink message

struct Neighbour {
  int link = 0;
  IpAddress address;
  std::uint16_t state = 0;  // NUD_*
  std::uint8_t flags = 0;   // NTF_*
  bool operator==(const Neighbour&) const = default;
};
std::optional<Neighbour> decode_neighbour(Bytes message);  // RTM_NEWNEIGH
// Its link-layer address is known; whether it still answers there is another matter.
bool is_resolved(const Neighbour& neighbour);
// The link layer needs no answer from it.
bool is_fixed(const Neighbour& neighbour);
// It answered within the last half minute or so.
bool is_reachable(const Neighbour& neighbour);
std::string state_text(std::uint16_t state);  // "REACHABLE"

struct NextHop {
  int link = 0;
  IpAddress gateway;  // unspecified = on the link
  bool operator==(const NextHop&) const = default;
};
struct RouteHops {
  bool is_default = false;  // 0/0 or ::/0 of table main
  bool is_local = false;    // this host itself
  std::vector<NextHop> hops;
  IpAddress source{};       // that a lookup gave; unspecified = none
  bool operator==(const RouteHops&) const = default;
};
std::optional<RouteHops> decode_hops(Bytes message);  // RTM_NEWROUTE of a dump or a lookup

}  // namespace ondol::probes
