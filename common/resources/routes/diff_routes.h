// Desired against observed: every difference once, with its kind and state. Pure; agent and collector share it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/resources/observation.h"
#include "common/resources/routes/intent.h"

namespace ondol {

enum class DriftKind : std::uint8_t { kMissing = 1, kExtra = 2, kChanged = 3 };
std::string_view to_string(DriftKind kind);

namespace routes {

enum class RouteState : std::uint8_t {
  kInSync = 1,
  kSatisfied = 2,
  kMissing = 3,
  kChanged = 4,
  kConflict = 5,
  kWaiting = 6,
  kContested = 7,
};
std::string_view to_string(RouteState state);

struct RouteDifference {
  RouteKey key;
  DriftKind kind = DriftKind::kMissing;
  RouteState state = RouteState::kMissing;  // missing, changed or conflict; kMissing is not used for kExtra (kConflict is)
  std::optional<RouteValue> desired;
  std::optional<RouteValue> observed;
  std::uint8_t observed_protocol = 0;
  bool operator==(const RouteDifference&) const = default;
};

// Sorted by (key, kind). Duplicates of a desired key (`ip route append`) are extra; a protocol-79 route of ours that
// intent lacks is extra as well. kIgnore hides foreign routes on keys that no layer names; ignore patterns hide foreign
// extras on any key. Linear: both sides are sorted by key.
std::vector<RouteDifference> diff_routes(const RoutesIntent& desired, const RouteSnapshot& observed);

// How one desired key stands, and which of the routes on it counts (an index into the holders; 0 when there is none).
struct Standing {
  RouteState state = RouteState::kMissing;
  std::size_t holder = 0;
  bool operator==(const Standing&) const = default;
};

// The holders are all observed routes with that key, in the kernel's order. Ours with the wanted value counts wherever
// it is; otherwise the first one does, because it carries the traffic and is what a replace would hit. Anything on a
// key that was ours is kChanged, also with the wanted value: the mark is gone.
Standing judge_holders(const Route& desired, std::span<const ObservedRoute> holders);
RouteState judge_route(const Route& desired, std::span<const ObservedRoute> holders);

// A pattern that sets nothing matches nothing. A route with several nexthops matches when all interfaces do.
bool is_ignored(const RoutesIntent& desired, const ObservedRoute& foreign);

}  // namespace routes
}  // namespace ondol
