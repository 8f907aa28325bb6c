#include "collector/runtime/resolve_fleet.h"

#include <algorithm>
#include <tuple>

#include "common/wire/routes_wire.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostRememberedFindings = 100'000;

auto layers_key(const store::HostRecord& r) { return std::tie(r.cluster, r.phase, r.app_type, r.app_group, r.app, r.name); }

bool is_same_stack(const intent::HostFacts& a, const intent::HostFacts& b) {
  return std::tie(a.name, a.cluster, a.phase, a.app_type, a.app_group, a.app) ==
         std::tie(b.name, b.cluster, b.phase, b.app_type, b.app_group, b.app);
}

bool names_a_file_of(const intent::HostFacts& facts, const std::set<std::string>& files) {
  using intent::Level;
  const std::pair<Level, const std::string*> names[] = {
      {Level::kCluster, &facts.cluster},    {Level::kPhase, &facts.phase}, {Level::kAppType, &facts.app_type},
      {Level::kAppGroup, &facts.app_group}, {Level::kApp, &facts.app},     {Level::kHost, &facts.name.value}};
  if (files.contains(intent::layer_path(Level::kGlobal, ""))) return true;
  return std::any_of(std::begin(names), std::end(names), [&](const auto& name) {
    return !name.second->empty() && files.contains(intent::layer_path(name.first, *name.second));
  });
}

}  // namespace

intent::HostFacts facts_of(const store::HostRecord& record) {
  return {record.name, record.cluster, record.phase, record.app_type, record.app_group, record.app};
}

std::vector<intent::LayerText> texts_of(const store::RevisionRow& revision) {
  std::vector<intent::LayerText> texts;
  for (const store::LayerFile& file : revision.files) texts.push_back({file.path, file.content});
  return texts;
}

// The resolved state has neither generation nor revision nor flag yet: without the trial its bytes are the intent alone.
Sha256 digest_of_intent(const DesiredState& state) {
  if (state.trial == trial::TrialRules{}) return sha256_of(wire::encode(state));
  DesiredState bare = state;
  bare.trial = {};
  return sha256_of(wire::encode(bare));
}

bool FleetIntent::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const intent::Finding& f) { return f.severity == intent::Severity::kError; });
}

void FleetResolver::take_files(const store::RevisionRow& revision, std::vector<intent::Finding>& findings) {
  std::map<std::string, std::string> files;
  std::set<std::string> unchanged;
  changed_.clear();
  for (const store::LayerFile& file : revision.files) {
    const auto old = files_.find(file.path);
    (old != files_.end() && old->second == file.content ? unchanged : changed_).insert(file.path);
    files.emplace(file.path, file.content);
  }
  for (const auto& [path, content] : files_) {
    if (!files.contains(path)) changed_.insert(path);
  }
  const auto texts = texts_of(revision);
  layers_ = layers_ ? intent::Layers::parse(texts, findings, *layers_, unchanged) : intent::Layers::parse(texts, findings);
  files_ = std::move(files);
}

// Findings of a host may name files that it lacks, and which is nearest to them: those are told anew.
bool FleetResolver::is_current(const intent::HostFacts& facts, const Remembered& remembered) const {
  if (changed_.empty()) return is_same_stack(facts, remembered.facts);
  return remembered.findings.empty() && is_same_stack(facts, remembered.facts) && !names_a_file_of(facts, changed_);
}

void FleetResolver::resolve_host(const intent::HostFacts& facts, const IsWanted& is_wanted, FleetIntent& fleet) {
  const auto known = hosts_.find(facts.name);
  if (known != hosts_.end() && is_current(facts, known->second)) {
    const Remembered& host = known->second;
    fleet.findings.insert(fleet.findings.end(), host.findings.begin(), host.findings.end());
    if (!is_wanted(facts.name, host.digest, host.has_routes)) return;
    std::vector<intent::Finding> told_already;
    fleet.hosts.push_back({facts.name, layers_->resolve(facts, told_already), host.digest});
    return;
  }
  ++resolved_anew_;
  hosts_.erase(facts.name);
  std::vector<intent::Finding> findings;
  const auto resolved = layers_->resolve(facts, findings);
  fleet.findings.insert(fleet.findings.end(), findings.begin(), findings.end());
  if (!resolved) return;
  if (resolved != last_) last_digest_ = digest_of_intent(resolved->state);
  last_ = resolved;
  const bool has_routes = resolved->state.routes.has_value();
  hosts_.emplace(facts.name, Remembered{facts, last_digest_, has_routes, std::move(findings)});
  if (is_wanted(facts.name, last_digest_, has_routes)) fleet.hosts.push_back({facts.name, resolved, last_digest_});
}

FleetIntent FleetResolver::resolve(const store::RevisionRow& revision, const std::vector<store::HostRecord>& records,
                                   const IsWanted& is_wanted) {
  FleetIntent fleet;
  resolved_anew_ = 0;
  take_files(revision, fleet.findings);
  std::vector<const store::HostRecord*> ordered;
  std::set<HostId> names;
  for (const store::HostRecord& record : records) {
    ordered.push_back(&record);
    names.insert(record.name);
  }
  // What is not asked for now could be of other files the next time.
  if (!changed_.empty()) std::erase_if(hosts_, [&](const auto& host) { return !names.contains(host.first); });
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return layers_key(*a) < layers_key(*b); });
  for (const store::HostRecord* record : ordered) resolve_host(facts_of(*record), is_wanted, fleet);
  last_.reset();
  layers_->forget();
  std::size_t remembered = 0;
  for (const auto& [name, host] : hosts_) remembered += host.findings.size();
  if (remembered > kMostRememberedFindings) hosts_.clear();
  fleet.findings = intent::merged(std::move(fleet.findings));
  std::sort(fleet.hosts.begin(), fleet.hosts.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
  return fleet;
}

}  // namespace ondol::collector
