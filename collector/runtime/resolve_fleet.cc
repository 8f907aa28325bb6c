#include "collector/runtime/resolve_fleet.h"

#include <algorithm>

#include "common/wire/routes_wire.h"

namespace ondol::collector {
namespace {

intent::HostFacts facts_of(const store::HostRecord& record) {
  return {record.name, record.cluster, record.phase, record.app_type, record.app_group, record.app};
}

Sha256 digest_of_intent(DesiredState state) {
  state.generation = Generation{};
  state.revision = Revision{};
  state.allow_mass_delete = false;
  return sha256_of(wire::encode(state));
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

}  // namespace ondol::collector
