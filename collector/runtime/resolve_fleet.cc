#include "collector/runtime/resolve_fleet.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/wire/routes_wire.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMassDeleteFloor = 10;    // routes
constexpr std::size_t kMassDeletePercent = 30;

intent::HostFacts facts_of(const store::HostRecord& record) {
  return {record.name, record.cluster, record.phase, record.app_type, record.app_group, record.app};
}

Sha256 digest_of_intent(DesiredState state) {
  state.generation = Generation{};
  state.revision = Revision{};
  state.allow_mass_delete = false;
  return sha256_of(wire::encode(state));
}

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

bool FleetIntent::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const intent::Finding& f) { return f.severity == intent::Severity::kError; });
}

FleetIntent resolve_fleet(const store::RevisionRow& revision, const std::vector<store::HostRecord>& records) {
  FleetIntent fleet;
  std::vector<intent::LayerText> texts;
  for (const store::LayerFile& file : revision.files) texts.push_back({file.path, file.content});
  const intent::Layers layers = intent::Layers::parse(texts, fleet.findings);
  for (const store::HostRecord& record : records) {
    auto resolved = layers.resolve(facts_of(record), fleet.findings);
    if (!resolved) continue;
    resolved->state.revision = revision.id;
    resolved->state.allow_mass_delete = revision.allow_mass_delete;
    const Sha256 digest = digest_of_intent(resolved->state);
    fleet.hosts.push_back({record.name, std::move(resolved->state), digest});
  }
  fleet.findings = intent::merged(std::move(fleet.findings));
  return fleet;
}

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

}  // namespace ondol::collector
