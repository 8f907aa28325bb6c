#include "collector/runtime/resolve_fleet.h"

#include <algorithm>
#include <unordered_map>

#include "common/wire/routes_wire.h"

namespace ondol::collector {
namespace {

intent::HostFacts facts_of(const store::HostRecord& record) {
  return {record.name, record.cluster, record.phase, record.app_type, record.app_group, record.app};
}

// The resolved state has neither generation nor revision nor flag yet: without the trial its bytes are the intent alone.
Sha256 digest_of_intent(const DesiredState& state) {
  if (state.trial == trial::TrialRules{}) return sha256_of(wire::encode(state));
  DesiredState bare = state;
  bare.trial = {};
  return sha256_of(wire::encode(bare));
}

class IntentDigests {
 public:
  const Sha256& find(const std::shared_ptr<const intent::ResolvedHost>& resolved) {
    const auto [place, fresh] = known_.try_emplace(resolved.get());
    if (fresh) place->second = digest_of_intent(resolved->state);
    return place->second;
  }

 private:
  std::unordered_map<const intent::ResolvedHost*, Sha256> known_;
};

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
  IntentDigests digests;
  for (const store::HostRecord& record : records) {
    const auto resolved = layers.resolve(facts_of(record), fleet.findings);
    if (!resolved) continue;
    fleet.hosts.push_back({record.name, resolved, digests.find(resolved)});
  }
  fleet.findings = intent::merged(std::move(fleet.findings));
  return fleet;
}

}  // namespace ondol::collector
