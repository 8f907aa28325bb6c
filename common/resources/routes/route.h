// A route as the kernel keys it and as people write it: plain values, no kernel types.
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip_prefix.h"

namespace ondol::routes {

inline constexpr std::uint8_t kOurProtocol = 79;  // rtm_protocol of everything we create
inline constexpr std::uint32_t kMainTable = 254;
inline constexpr std::uint32_t kDefaultMetricIpv4 = 0;
inline constexpr std::uint32_t kDefaultMetricIpv6 = 1024;

// rtm_protocol numbers that are compared one by one; all others are counted only.
inline constexpr std::uint8_t kProtocolUnspec = 0;
inline constexpr std::uint8_t kProtocolRedirect = 1;
inline constexpr std::uint8_t kProtocolKernel = 2;
inline constexpr std::uint8_t kProtocolBoot = 3;
inline constexpr std::uint8_t kProtocolStatic = 4;
// True for static, boot, ours, and every protocol that no known daemon uses. False for unspec is NOT the case:
// unspec is compared. False: redirect, kernel, ra, dhcp, and the routing daemons (gated 8, mrt 10, zebra 11, bird 12,
// dnrouted 13, xorp 14, ntk 15, mrouted 17, keepalived 18, babel 42, openr 99, bgp 186, isis 187, ospf 188, rip 189,
// nhrp 191, eigrp 192 and the FRR block 193..198).
bool is_compared(std::uint8_t protocol);
std::string protocol_name(std::uint8_t protocol);  // "static", "bird", "ondol", else the number

// Up to 15 bytes, like the kernel's IFNAMSIZ - 1; no allocation.
class InterfaceName {
 public:
  InterfaceName() = default;
  static std::optional<InterfaceName> make(std::string_view text);  // empty when longer than 15 bytes
  std::string_view view() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  auto operator<=>(const InterfaceName&) const = default;
  bool operator==(const InterfaceName&) const = default;

 private:
  std::array<char, 15> bytes_{};
  std::uint8_t size_ = 0;
};

enum class RouteType : std::uint8_t { kUnicast = 1, kBlackhole = 2, kUnreachable = 3, kProhibit = 4 };
std::string_view to_string(RouteType type);

struct RouteKey {
  std::uint32_t table = kMainTable;
  IpPrefix destination;      // carries the family
  std::uint32_t metric = 0;  // as the kernel stores it; normalised(...) fills the family's default
  std::optional<IpPrefix> source;  // IPv6 source prefix; empty = ::/0

  auto operator<=>(const RouteKey&) const = default;
  bool operator==(const RouteKey&) const = default;
};

struct Nexthop {
  std::optional<IpAddress> gateway;
  InterfaceName interface;    // in intent: empty = the kernel chooses, and any is accepted
  std::uint16_t weight = 1;   // 1..256
  bool onlink = false;
  std::string encapsulation;  // hexadecimal of the kernel attribute; empty = none

  auto operator<=>(const Nexthop&) const = default;
  bool operator==(const Nexthop&) const = default;
};

// Kept sorted by normalise(): a multiset.
using Nexthops = boost::container::small_vector<Nexthop, 1>;

struct RouteValue {
  RouteType type = RouteType::kUnicast;
  Nexthops nexthops;
  std::optional<IpAddress> preferred_source;
  std::uint32_t mtu = 0;               // 0 = unset
  std::optional<std::uint8_t> scope;   // in intent: empty = whatever the kernel derives
  // Observed only: hexadecimal of kernel attributes that intent cannot say (realms, initcwnd, a nexthop object ...).
  std::string unmodelled;

  bool operator==(const RouteValue&) const = default;
};

// Nothing writes these attributes: once replaced or removed, such a route could not be put back as it was.
inline bool is_restorable(const RouteValue& value) { return value.unmodelled.empty(); }
inline constexpr std::string_view kNotRestorable =
    "conflict: the foreign route carries attributes Ondol cannot restore (realms, initcwnd or the like)";

struct Route {
  RouteKey key;
  RouteValue value;
  bool operator==(const Route&) const = default;
};

enum class Ownership : std::uint8_t {
  kForeign = 1,
  kOurs = 2,         // protocol 79 and in the ledger
  kOverwritten = 3,  // foreign route on a key that was ours at the last read-back
};

struct ObservedRoute {
  Route route;
  std::uint8_t protocol = 0;
  Ownership ownership = Ownership::kForeign;
  bool operator==(const ObservedRoute&) const = default;
};

// Everything seen in one whole read, sorted by key; two routes may share a key (`ip route append`): that is drift.
struct RouteSnapshot {
  std::vector<ObservedRoute> routes;                             // compared ones only
  std::vector<std::pair<std::uint8_t, std::uint32_t>> counted;   // protocol -> routes, sorted; never compared
  std::uint32_t policy_rules = 0;
  bool truncated = false;            // more compared routes than the limit; see compared
  std::uint32_t compared = 0;        // exact count, also when truncated

  bool operator==(const RouteSnapshot&) const = default;
};

// Nexthops sorted, weight 0 -> 1, IPv6 metric 0 -> 1024, a lone IPv6 blackhole's "lo" dropped.
void normalise(Route& route);
// Stable: the kernel's order within one key stays. What is sorted already costs one pass.
void sort_by_key(std::vector<ObservedRoute>& routes);
// The one loose relation: does what is there do what was wanted? Interface, scope and preferred source that intent
// leaves open match anything; everything else must be equal.
bool satisfies(const RouteValue& observed, const RouteValue& wanted);

std::string render(const RouteKey& key);      // "10.20.0.0/16 table main metric 0"
std::string render(const RouteValue& value);  // "via 10.0.0.1 dev eth0" / "blackhole" / "nexthop via ... nexthop via ..."
std::string render(const Route& route);       // in the order of `ip route`

}  // namespace ondol::routes
