#include "common/resources/routes/diff_routes.h"

#include <algorithm>

#include "common/resources/routes/merge_routes.h"

namespace ondol {

std::string_view to_string(DriftKind kind) {
  switch (kind) {
    case DriftKind::kMissing: return "missing";
    case DriftKind::kExtra: return "extra";
    case DriftKind::kChanged: return "changed";
  }
  return "unknown";
}

namespace routes {
namespace {

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool matches(const IgnorePattern& pattern, const ObservedRoute& seen) {
  if (pattern.interface.empty() && pattern.protocol == 0) return false;
  if (pattern.protocol != 0 && pattern.protocol != seen.protocol) return false;
  if (pattern.interface.empty()) return true;
  const Nexthops& nexthops = seen.route.value.nexthops;
  const auto fits = [&](const Nexthop& n) { return matches_glob(pattern.interface, n.interface.view()); };
  return !nexthops.empty() && std::ranges::all_of(nexthops, fits);
}

// Everything that is wrong about one key.
class KeyDiff {
 public:
  KeyDiff(const RoutesIntent& desired, std::vector<RouteDifference>& out) : desired_(desired), out_(out) {}

  void operator()(const Route* wanted, std::span<const ObservedRoute> holders) {
    if (wanted == nullptr) {
      for (const ObservedRoute& seen : holders) add_extra(seen, true);
      return;
    }
    const Standing standing = judge_holders(*wanted, holders);
    if (standing.state != RouteState::kInSync && standing.state != RouteState::kSatisfied) {
      add_wrong(*wanted, standing, holders);
    }
    if (holders.size() < 2) return;
    add_duplicates(standing.holder, holders);
  }

 private:
  // Kind order within a key is missing, extra, changed: a changed holder goes behind the duplicates.
  void add_duplicates(std::size_t holder, std::span<const ObservedRoute> holders) {
    const bool changed = !out_.empty() && out_.back().key == holders[0].route.key;
    for (std::size_t i = 0; i < holders.size(); ++i) {
      if (i != holder && add_extra(holders[i], false) && changed) std::swap(out_.back(), out_[out_.size() - 2]);
    }
  }

  bool add_extra(const ObservedRoute& seen, bool unlisted) {
    if (seen.ownership != Ownership::kOurs) {
      if (unlisted && desired_.unlisted == Unlisted::kIgnore) return false;
      if (is_ignored(desired_, seen)) return false;
    }
    out_.push_back({seen.route.key, DriftKind::kExtra, RouteState::kConflict, std::nullopt, seen.route.value,
                    seen.protocol});
    return true;
  }

  void add_wrong(const Route& wanted, const Standing& standing, std::span<const ObservedRoute> holders) {
    RouteDifference difference{wanted.key, DriftKind::kMissing, standing.state, wanted.value, std::nullopt, 0};
    if (standing.state != RouteState::kMissing) {
      difference.kind = DriftKind::kChanged;
      difference.observed = holders[standing.holder].route.value;
      difference.observed_protocol = holders[standing.holder].protocol;
    }
    out_.push_back(std::move(difference));
  }

  const RoutesIntent& desired_;
  std::vector<RouteDifference>& out_;
};

}  // namespace

std::string_view to_string(RouteState state) {
  switch (state) {
    case RouteState::kInSync: return "in_sync";
    case RouteState::kSatisfied: return "satisfied";
    case RouteState::kMissing: return "missing";
    case RouteState::kChanged: return "changed";
    case RouteState::kConflict: return "conflict";
    case RouteState::kWaiting: return "waiting";
    case RouteState::kContested: return "contested";
  }
  return "unknown";
}

Standing judge_holders(const Route& desired, std::span<const ObservedRoute> holders) {
  if (holders.empty()) return {};
  for (std::size_t i = 0; i < holders.size(); ++i) {
    const bool ours = holders[i].ownership == Ownership::kOurs;
    if (ours && satisfies(holders[i].route.value, desired.value)) return {RouteState::kInSync, i};
  }
  if (holders[0].ownership != Ownership::kForeign) return {RouteState::kChanged, 0};
  const bool satisfied = satisfies(holders[0].route.value, desired.value);
  return {satisfied ? RouteState::kSatisfied : RouteState::kConflict, 0};
}

RouteState judge_route(const Route& desired, std::span<const ObservedRoute> holders) {
  return judge_holders(desired, holders).state;
}

bool is_ignored(const RoutesIntent& desired, const ObservedRoute& foreign) {
  return std::ranges::any_of(desired.ignore, [&](const IgnorePattern& p) { return matches(p, foreign); });
}

std::vector<RouteDifference> diff_routes(const RoutesIntent& desired, const RouteSnapshot& observed) {
  std::vector<RouteDifference> differences;
  merge_routes(desired.routes, observed.routes, KeyDiff(desired, differences));
  return differences;
}

}  // namespace routes
}  // namespace ondol
