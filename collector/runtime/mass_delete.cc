#include "collector/runtime/mass_delete.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::collector {
namespace {

constexpr std::size_t kMassDeleteFloor = 10;  // routes
constexpr std::size_t kMassDeletePercent = 30;

std::size_t count_removed(const std::vector<routes::Route>& before, const std::vector<routes::Route>& after) {
  std::size_t removed = 0;
  auto at = after.begin();
  for (const routes::Route& route : before) {  // both sorted by key
    while (at != after.end() && at->key < route.key) ++at;
    if (at == after.end() || at->key != route.key) ++removed;
  }
  return removed;
}

}  // namespace

// Unmanaged withdraws nothing, so going there is no deletion.
bool is_mass_delete(const DesiredState& before, const DesiredState& after) {
  if (after.allow_mass_delete || !before.routes || !after.routes) return false;
  const std::size_t had = before.routes->routes.size();
  const std::size_t removed = count_removed(before.routes->routes, after.routes->routes);
  return had >= kMassDeleteFloor && removed * 100 > had * kMassDeletePercent;
}

intent::Finding mass_delete_finding(std::vector<HostId> hosts) {
  std::sort(hosts.begin(), hosts.end());
  intent::Finding finding;
  finding.severity = intent::Severity::kError;
  finding.message = fmt::format("more than {} % of the routes of {} host{} would be removed", kMassDeletePercent,
                                hosts.size(), hosts.size() == 1 ? "" : "s");
  finding.remedy = "if this is meant, apply with --allow-mass-delete";
  finding.hosts = std::move(hosts);
  return finding;
}

intent::Finding will_refuse_finding(std::vector<HostId> hosts) {
  std::sort(hosts.begin(), hosts.end());
  intent::Finding finding;
  finding.severity = intent::Severity::kWarning;
  finding.message = fmt::format(
      "{} host{} will refuse it: more than {} % of the routes there, or all by an empty list, "
      "would be removed by what was reported last",
      hosts.size(), hosts.size() == 1 ? "" : "s", kMassDeletePercent);
  finding.remedy = "look at the removals in the plan; if this is meant, apply with --allow-mass-delete";
  finding.hosts = std::move(hosts);
  return finding;
}

}  // namespace ondol::collector
