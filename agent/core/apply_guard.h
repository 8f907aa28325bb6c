// The host's own last word on a change of routes: written apart from the planner, trusting nothing of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/change_windows.h"
#include "common/resources/routes/plan_routes.h"
#include "common/resources/trial/preflight.h"
#include "common/session/messages.h"

namespace ondol::agent {

// A link as far as decisions need it.
struct LinkFacts {
  routes::InterfaceName name;
  bool up = false;
  bool running = false;
  std::vector<IpPrefix> addresses;  // host bits kept in address, length beside it
  bool operator==(const LinkFacts&) const = default;
};

// What guard.yaml says. The defaults are those of a host without the file.
struct GuardRules {
  bool apply_routes = true;                        // remote_apply.routes
  std::vector<IpPrefix> protected_prefixes;
  std::vector<std::string> protected_interfaces;   // globs, '*' only
  int max_deletion_percent = 100;                  // of ten or more objects; no revision overrides it
  bool protect_default_route = false;              // those of table main: not removed, not blackholed
  std::optional<std::size_t> max_changes_per_apply, max_changes_per_hour;  // of routes; empty = no limit
  std::vector<ChangeWindow> windows;               // empty = always open
  TimeZone zone;                                   // of the windows
  Milliseconds shortest_trial{trial::kShortestTrial}, longest_trial{trial::kLongestTrial};
  bool hold = false;
  std::string remark;                              // what the file leaves open, for people
  std::string problem;                             // why the file was refused; apply_routes is off then
  bool operator==(const GuardRules&) const = default;
};

struct Refusal {
  std::size_t index = 0;  // into the operations given
  std::string reason;     // "guard: ..."
  bool operator==(const Refusal&) const = default;
};

struct GuardView {
  const GuardRules& rules;
  std::span<const IpPrefix> collector_path;  // addresses whose covering routes must not be removed or blackholed
  std::span<const routes::ObservedRoute> observed;
  std::span<const LinkFacts> links;
};

// One refusal per refused operation, in order.
std::vector<Refusal> judge_operations(std::span<const routes::RouteOp> operations, const GuardView& view);

// A weaker check than a preflight: does something that this change closes lead to a target, with nothing closer beside it?
std::vector<Refusal> judge_covers(std::span<const routes::RouteOp> operations, std::span<const trial::ReachTarget> targets,
                                  const GuardView& view);

// Empty = within the share. `owned` is counted from the ledger, not by the planner.
std::string judge_deletion_share(std::span<const routes::RouteOp> operations, std::size_t owned, int percent);

// A deadline as the guard file allows it.
Milliseconds bounded_trial(Milliseconds asked, const GuardRules& rules);

// '*' stands for any run of characters.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace ondol::agent
