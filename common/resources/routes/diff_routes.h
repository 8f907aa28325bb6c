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
// intent lacks is extra as well. kIgnore and ignore patterns hide foreign routes only.
std::vector<RouteDifference> diff_routes(const RoutesIntent& desired, const RouteSnapshot& observed);

// The state of one desired key; the holders are all observed routes with that key.
RouteState judge_route(const Route& desired, std::span<const ObservedRoute> holders);

bool is_ignored(const RoutesIntent& desired, const ObservedRoute& foreign);

}  // namespace routes
}  // namespace ondol
