#include "common/resources/routes/plan_routes.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "common/resources/routes/merge_routes.h"

namespace ondol::routes {
namespace {

constexpr std::uint8_t kLinkScope = 253;  // linux/rtnetlink.h RT_SCOPE_LINK
constexpr std::size_t kMassDeletePercent = 30;
constexpr std::size_t kMassDeleteFrom = 10;

bool is_link_scope(const RouteValue& value) {
  if (value.type != RouteType::kUnicast) return false;
  return value.scope == kLinkScope ||
         std::ranges::all_of(value.nexthops, [](const Nexthop& n) { return !n.gateway.has_value(); });
}

bool may_remove_foreign(const ObservedRoute& seen, const PlanRules& rules) {
  const IpPrefix& destination = seen.route.key.destination;
  if (!is_restorable(seen.route.value)) return false;
  if (destination.length == 0 || is_link_scope(seen.route.value)) return false;
  const auto touches = [&](const IpPrefix& keep) { return overlaps(destination, keep); };
  return std::ranges::none_of(rules.never_remove_covering, touches);
}

// Stable by depth: shallow first for writes, deep first for removals.
std::vector<RouteOp> in_order(std::vector<RouteOp> operations, bool deep_first) {
  const std::vector<std::size_t> depths = dependency_depths(operations);
  std::vector<std::size_t> order(operations.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto earlier = [&](std::size_t a, std::size_t b) {
    return deep_first ? depths[a] > depths[b] : depths[a] < depths[b];
  };
  std::ranges::stable_sort(order, earlier);
  std::vector<RouteOp> sorted;
  sorted.reserve(order.size());
  for (const std::size_t i : order) sorted.push_back(std::move(operations[i]));
  return sorted;
}

RouteOp removal(const ObservedRoute& seen, bool beside) {
  return {OpKind::kRemove, seen.route, seen.protocol, seen, beside};
}

class Planner {
 public:
  Planner(const RoutesIntent& desired, const PlanRules& rules) : desired_(desired), rules_(rules) {}

  void operator()(const Route* wanted, std::span<const ObservedRoute> holders) {
    for (const ObservedRoute& seen : holders) plan_.owned_before += seen.ownership == Ownership::kOurs ? 1 : 0;
    std::size_t kept = holders.size();
    if (wanted != nullptr) {
      const Standing standing = judge_holders(*wanted, holders);
      if (!holders.empty()) kept = standing.holder;
      plan_wanted(*wanted, standing, holders);
    }
    plan_others(wanted != nullptr, kept, holders);
  }

  RoutePlan finish() && {
    plan_.operations = in_order(std::move(writes_), false);
    plan_.removals = removals_.size();
    std::ranges::move(in_order(std::move(removals_), true), std::back_inserter(plan_.operations));
    return std::move(plan_);
  }

 private:
  void plan_wanted(const Route& wanted, const Standing& standing, std::span<const ObservedRoute> holders) {
    const bool take_over = desired_.on_conflict == OnConflict::kTakeOver;
    switch (standing.state) {
      case RouteState::kInSync:
      case RouteState::kWaiting:
      case RouteState::kContested: return;
      case RouteState::kMissing: writes_.push_back({OpKind::kAdd, wanted, kOurProtocol, std::nullopt, false}); return;
      case RouteState::kSatisfied:
        if (take_over) replace(wanted, holders[standing.holder]);
        return;
      case RouteState::kChanged: replace(wanted, holders[standing.holder]); return;
      case RouteState::kConflict:
        if (take_over && is_restorable(holders[standing.holder].route.value)) {
          return replace(wanted, holders[standing.holder]);
        }
        leave(holders[standing.holder], DriftKind::kChanged, wanted.value);
        return;
    }
  }

  // A holder that already does what is wanted keeps its value to the letter; only the mark changes.
  void replace(const Route& wanted, const ObservedRoute& holder) {
    const bool fits = satisfies(holder.route.value, wanted.value);
    plan_.owned_before += holder.ownership == Ownership::kOurs ? 0 : 1;
    writes_.push_back({OpKind::kReplace, fits ? holder.route : wanted, kOurProtocol, holder, false});
  }

  // From the last to the first, so that appending them again in reverse restores their order.
  void plan_others(bool listed, std::size_t kept, std::span<const ObservedRoute> holders) {
    bool stays_held = kept < holders.size();
    for (std::size_t i = 0; i < holders.size(); ++i) {
      if (i == kept || goes(listed, holders[i])) continue;
      stays_held = true;
      if (!is_hidden(listed, holders[i])) leave(holders[i], DriftKind::kExtra, std::nullopt);
    }
    std::size_t left = holders.size();
    for (std::size_t i = holders.size(); i-- > 0;) {
      if (i == kept || !goes(listed, holders[i])) continue;
      --left;
      plan_.owned_before += holders[i].ownership == Ownership::kOurs ? 0 : 1;
      removals_.push_back(removal(holders[i], stays_held || left > 0));
    }
  }

  bool is_hidden(bool listed, const ObservedRoute& seen) const {
    if (seen.ownership == Ownership::kOurs) return false;
    return is_ignored(desired_, seen) || (!listed && desired_.unlisted == Unlisted::kIgnore);
  }

  bool goes(bool listed, const ObservedRoute& seen) const {
    if (seen.ownership == Ownership::kOurs) return true;
    return desired_.unlisted == Unlisted::kRemove && rules_.remove_unlisted && !is_hidden(listed, seen) &&
           may_remove_foreign(seen, rules_);
  }

  void leave(const ObservedRoute& seen, DriftKind kind, std::optional<RouteValue> wanted) {
    plan_.left_alone.push_back(
        {seen.route.key, kind, RouteState::kConflict, std::move(wanted), seen.route.value, seen.protocol});
  }

  const RoutesIntent& desired_;
  const PlanRules& rules_;
  std::vector<RouteOp> writes_;
  std::vector<RouteOp> removals_;
  RoutePlan plan_;
};

// As far as it can be written: what is unmodelled went with somebody's change of a route of ours.
Route writable(Route route) {
  route.value.unmodelled.clear();
  return route;
}

RouteOp undo(const RouteOp& op) {
  const Ownership ownership = op.protocol == kOurProtocol ? Ownership::kOurs : Ownership::kForeign;
  const ObservedRoute written{op.route, op.protocol, ownership};
  switch (op.kind) {
    case OpKind::kAdd: return {OpKind::kRemove, op.route, op.protocol, written, false};
    case OpKind::kReplace: return {OpKind::kReplace, writable(op.before->route), op.before->protocol, written, false};
    case OpKind::kRemove:
      return {op.beside ? OpKind::kAppend : OpKind::kAdd, writable(op.route), op.protocol, std::nullopt, op.beside};
    case OpKind::kAppend: return {OpKind::kRemove, op.route, op.protocol, written, true};
  }
  return op;
}

}  // namespace

RoutePlan plan_routes(const RoutesIntent& desired, const RouteSnapshot& observed, const PlanRules& rules) {
  if (desired.mode == Mode::kReport) return {};
  Planner planner(desired, rules);
  merge_routes(desired.routes, observed.routes, std::ref(planner));
  return std::move(planner).finish();
}

RoutePlan plan_withdrawal(const RouteSnapshot& observed) {
  RoutesIntent nothing;
  nothing.mode = Mode::kEnforce;
  nothing.unlisted = Unlisted::kIgnore;
  return plan_routes(nothing, observed, {});
}

std::vector<RouteOp> inverse(const std::vector<RouteOp>& operations) {
  std::vector<RouteOp> undone;
  undone.reserve(operations.size());
  for (auto op = operations.rbegin(); op != operations.rend(); ++op) undone.push_back(undo(*op));
  return undone;
}

bool is_mass_delete(const RoutePlan& plan) {
  return plan.owned_before >= kMassDeleteFrom &&
         plan.removals * 100 > plan.owned_before * kMassDeletePercent;
}

}  // namespace ondol::routes
