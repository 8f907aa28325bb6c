// What is wrong with a routes intent before any kernel sees it: the lints of `config check`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/resources/routes/intent.h"

namespace ondol::routes {

enum class LintSeverity : std::uint8_t { kError = 1, kWarning = 2 };

struct RouteLint {
  RouteKey key;
  std::string message;  // one sentence without a full stop
  std::string remedy;   // what to write instead; may be empty
  LintSeverity severity = LintSeverity::kError;
  bool operator==(const RouteLint&) const = default;
};

// What a host said of its own addresses. Without it only what the intent itself proves is told.
struct HostAddresses {
  std::vector<IpAddress> own;        // every address configured on the host
  std::vector<IpPrefix> connected;   // their networks, host bits cleared
  bool operator==(const HostAddresses&) const = default;
};

// In the order of intent.routes. An error means: this host cannot have this route. Finds bad tables, duplicates,
// gateways that are own addresses, unusable or not on-link, values no kernel takes, and defaults that cut a host off.
std::vector<RouteLint> judge_routes(const RoutesIntent& intent, const std::optional<HostAddresses>& host);

}  // namespace ondol::routes
