// From a difference to the ordered kernel operations that end it, and the inverse that undoes them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/resources/routes/diff_routes.h"

namespace ondol::routes {

enum class OpKind : std::uint8_t {
  kAdd = 1,      // NLM_F_CREATE | NLM_F_EXCL, protocol `protocol`
  kReplace = 2,  // NLM_F_REPLACE over `before`, which was read first; protocol `protocol`
  kRemove = 3,   // delete with the protocol and the whole value set: only exactly that route can go
  kAppend = 4,   // NLM_F_CREATE | NLM_F_APPEND: only in an inverse, puts back a second route of a key that stays held, behind it
};

struct RouteOp {
  OpKind kind = OpKind::kAdd;
  Route route;                       // what will be there (add, replace), or what goes (remove)
  std::uint8_t protocol = kOurProtocol;  // written by add, replace and append; required by remove
  std::optional<ObservedRoute> before;   // replace, remove: what was read before
  bool beside = false;                   // remove, append: another route holds the key before and after
  bool operator==(const RouteOp&) const = default;
};

struct RoutePlan {
  // What opens before what closes: adds and replaces first, a gateway's route before what goes through it; removals
  // last, the other way round.
  std::vector<RouteOp> operations;
  std::vector<RouteDifference> left_alone;  // conflicts in report mode, unlisted in report mode
  std::size_t removals = 0;         // withdrawals of ours and removals of unlisted ones
  // Ours before, and foreign ones that this plan takes over or removes: the deletion share is removals / owned_before.
  std::size_t owned_before = 0;
  bool operator==(const RoutePlan&) const = default;
};

struct PlanRules {
  bool remove_unlisted = true;  // false for repairs: they never delete foreign routes
  std::vector<IpPrefix> never_remove_covering;  // destinations whose covering foreign route stays: collector, bastions
};

// apply(plan(diff(d, o))) reaches d. Empty when mode is report. Never removes default routes, link-scope routes or
// protected paths of others.
RoutePlan plan_routes(const RoutesIntent& desired, const RouteSnapshot& observed, const PlanRules& rules);

// Where a write of `operation` has to wait for another of the same plan: 0 = none, 1 = after those of 0, ... A route
// waits for the planned route that its gateway is reached through. Loops count as 0.
std::vector<std::size_t> dependency_depths(const std::vector<RouteOp>& operations);

// Removes everything of ours and nothing else: for `withdraw`. Intent that no longer mentions routes removes nothing.
RoutePlan plan_withdrawal(const RouteSnapshot& observed);

// Undoes `operations` in reverse order. Removing an added route, restoring `before` of a replaced or removed one.
// An inverse has an inverse: it does what was undone once more.
std::vector<RouteOp> inverse(const std::vector<RouteOp>& operations);

// More than 30 % of ten or more objects: needs the revision's explicit flag.
bool is_mass_delete(const RoutePlan& plan);

}  // namespace ondol::routes
