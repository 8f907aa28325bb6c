#include "collector/runtime/change_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "collector/runtime/mass_delete.h"
#include "collector/runtime/store_rows.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"
#include "common/pki/token.h"
#include "common/wire/routes_wire.h"

namespace ondol::collector {

// ---- shared ----

Result<void> ChangeDesk::load(Known& known) {
  if (known.loaded) return {};
  auto rows = parts_.store.read_desired();
  if (!rows) return fail(rows.error());
  for (const store::DesiredRow& row : *rows) known.desired[row.host] = {row.generation, row.digest};
  known.loaded = true;
  return {};
}

// No durable record, no push.
Result<void> ChangeDesk::commit(store::Batch batch) {
  auto stored = parts_.writer.submit_and_wait(std::move(batch));
  if (stored) return {};
  const Error& error = stored.error();
  const std::string place = error.where.empty() ? "" : " at " + error.where;
  return fail(Errc::kUnavailable, "audit not durable: " + error.message + place, "",
              error.remedy.empty() ? "nothing was changed; try again when the store is healthy" : error.remedy);
}

void ChangeDesk::committed(Known& known, const Plan& plan) {
  for (const store::DesiredRow& row : plan.rows) known.desired[row.host] = {row.generation, row.digest};
  if (!plan.heads.empty()) parts_.runtime.post(RevisionCommitted{plan.heads});
}

// A store that was restored from an older copy must not give numbers that hosts have already seen.
std::map<HostId, Generation> ChangeDesk::received_generations(const std::vector<HostIntent>& changed) {
  std::vector<HostId> hosts;
  for (const HostIntent& intent : changed) hosts.push_back(intent.host);
  const auto read = [hosts = std::move(hosts)](const CollectorCore& core) {
    std::map<HostId, Generation> received;
    for (const HostId& host : hosts) {
      if (const HostState* state = core.find_host(host)) received[host] = state->status.received;
    }
    return received;
  };
  return parts_.runtime.ask(read).value_or(std::map<HostId, Generation>{});
}

Result<void> ChangeDesk::add_row(Known& known, const HostIntent& intent, const store::RevisionRow& revision,
                                 Generation received, Plan& plan) {
  DesiredState state = intent.resolved->state;
  state.revision = revision.id;
  state.allow_mass_delete = revision.allow_mass_delete;
  const Generation last = known.desired.contains(intent.host) ? known.desired[intent.host].first : Generation{};
  if (last.value != 0) {
    auto before = read_desired_state(parts_.store, intent.host);
    if (!before) return fail(before.error());
    if (*before && is_mass_delete(**before, state)) plan.mass_deleted.push_back(intent.host);
  }
  state.generation = Generation{std::max(last, received).value + 1};
  DesiredHead head{intent.host, state.generation, state.revision, std::nullopt};
  if (state.routes) head.mode = state.routes->mode;
  plan.rows.push_back({intent.host, head.generation, head.revision, intent.digest, wire::encode(state)});
  plan.heads.push_back(std::move(head));
  return {};
}

// Hosts that refused or undid the generation that is offered to them.
std::set<HostId> ChangeDesk::undone_hosts() {
  const auto read = [](const CollectorCore& core) {
    std::set<HostId> hosts;
    for (const auto& [host, state] : core.hosts()) {
      if (!state.last_result || state.last_result->generation != state.desired.generation) continue;
      const auto outcome = state.last_result->outcome;
      const bool undone = outcome == session::GenerationOutcome::kRefused || outcome == session::GenerationOutcome::kRolledBack;
      if (undone) hosts.insert(host);
    }
    return hosts;
  };
  return parts_.runtime.ask(read).value_or(std::set<HostId>{});
}

// Other rules of the trial alone are no change: the next change is tried by them.
std::vector<HostIntent> ChangeDesk::find_changed(const Known& known, FleetIntent fleet, const std::set<HostId>& retried) {
  std::vector<HostIntent> changed;
  for (HostIntent& intent : fleet.hosts) {
    const auto old = known.desired.find(intent.host);
    const bool same = old == known.desired.end() ? !intent.resolved->state.routes : old->second.second == intent.digest;
    if (!same || (old != known.desired.end() && retried.contains(intent.host))) changed.push_back(std::move(intent));
  }
  return changed;
}

Result<ChangeDesk::Plan> ChangeDesk::plan(Known& known, const store::RevisionRow& revision,
                                          const std::vector<store::HostRecord>& records, Retry retry) {
  FleetIntent fleet = resolve_fleet(revision, records);
  Plan plan;
  plan.has_errors = fleet.has_errors();
  plan.findings = std::move(fleet.findings);
  if (plan.has_errors) return plan;
  const std::set<HostId> retried = retry == Retry::kUndone ? undone_hosts() : std::set<HostId>{};
  const std::vector<HostIntent> changed = find_changed(known, std::move(fleet), retried);
  auto received = received_generations(changed);
  for (const HostIntent& intent : changed) ONDOL_TRY(add_row(known, intent, revision, received[intent.host], plan));
  if (!plan.mass_deleted.empty()) {
    plan.findings.push_back(mass_delete_finding(plan.mass_deleted));
    plan.has_errors = true;
  }
  return plan;
}

// ---- config ----

Result<ConfigVerdict> ChangeDesk::check_config(const ConfigChange& change) {
  return known_.with([&](Known& known) { return decide_config(known, change, nullptr); });
}

Result<ConfigVerdict> ChangeDesk::apply_config(const ConfigChange& change, const std::string& actor) {
  return known_.with([&](Known& known) { return decide_config(known, change, &actor); });
}

namespace {

store::RevisionRow revision_row(const ConfigChange& change, const std::string* actor) {
  store::RevisionRow row;
  row.files = change.files;
  std::sort(row.files.begin(), row.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  std::vector<intent::LayerText> texts;
  for (const store::LayerFile& file : row.files) texts.push_back({file.path, file.content});
  row.id = intent::revision_of(std::move(texts));
  row.message = change.message;
  row.author = actor == nullptr ? "" : *actor;
  row.committed = read_now().wall;
  row.allow_mass_delete = change.allow_mass_delete;
  return row;
}

}  // namespace

Result<ConfigVerdict> ChangeDesk::decide_config(Known& known, const ConfigChange& change, const std::string* actor) {
  ONDOL_TRY(load(known));
  const store::RevisionRow revision = revision_row(change, actor);
  auto records = parts_.store.read_records();
  if (!records) return fail(records.error());
  auto planned = plan(known, revision, *records, Retry::kUndone);
  if (!planned) return fail(planned.error());

  ConfigVerdict verdict;
  verdict.findings = planned->findings;
  verdict.hosts_total = static_cast<std::uint32_t>(records->size());
  verdict.hosts_changed = static_cast<std::uint32_t>(planned->rows.size());
  if (planned->has_errors) return verdict;
  const auto current = parts_.store.read_current_revision();
  if (!current) return fail(current.error());
  verdict.unchanged = *current && (*current)->id == revision.id && planned->rows.empty();
  if (verdict.unchanged) verdict.revision = revision.id;
  if (actor == nullptr || verdict.unchanged) return verdict;

  store::Batch batch{store::PutRevision{revision}};
  for (const store::DesiredRow& row : planned->rows) batch.push_back(store::PutDesired{row});
  const std::string detail = fmt::format("{} of {} hosts change{}{}", verdict.hosts_changed, verdict.hosts_total,
                                         change.allow_mass_delete ? ", mass deletion allowed" : "",
                                         change.message.empty() ? "" : ": " + change.message);
  batch.push_back(store::AppendAudit{revision.committed, *actor, "config.apply", revision.id.value, detail});
  ONDOL_TRY(commit(std::move(batch)));
  verdict.revision = revision.id;
  journal::write(journal::Event::config_applied,
                 fmt::format("revision {} by {}: {}", revision.id.value.substr(0, 12), *actor, detail),
                 {{"REVISION", revision.id.value}, {"ACTOR", *actor}});
  committed(known, *planned);
  return verdict;
}

// ---- identities ----

Result<TokenGrant> ChangeDesk::create_token(const HostId& host, const std::string& actor) {
  auto records = parts_.store.read_records();
  if (!records) return fail(records.error());
  const auto record = std::find_if(records->begin(), records->end(), [&](const auto& r) { return r.name == host; });
  if (record == records->end()) {
    return fail(Errc::kNotFound, "no record for host " + escaped(host.value), "", "import it with `ondolctl cmdb import`");
  }
  const WallTime now = read_now().wall;
  const pki::Token token = pki::make_token(parts_.ca_hash);
  const WallTime expires = now + pki::kTokenLifetime;
  store::Batch batch{store::PutToken{{pki::token_hash(token), host, expires, std::nullopt, actor}},
                     store::AppendAudit{now, actor, "token.create", host.value, "expires " + ondol::render(expires)}};
  ONDOL_TRY(commit(std::move(batch)));
  journal::write(journal::Event::token_created, fmt::format("for {} by {}", host.value, actor),
                 {{"HOST", host.value}, {"ACTOR", actor}});
  return TokenGrant{pki::render_token(token), expires};
}

Result<std::uint32_t> ChangeDesk::revoke_host(const HostId& host, const std::string& actor) {
  const WallTime now = read_now().wall;
  auto valid = parts_.runtime.ask([host, now](const CollectorCore& core) -> std::optional<std::uint32_t> {
    const HostState* state = core.find_host(host);
    if (state == nullptr) return std::nullopt;
    const auto& list = state->certificates;
    return static_cast<std::uint32_t>(
        std::count_if(list.begin(), list.end(), [now](const auto& c) { return !c.revoked && c.not_after >= now; }));
  });
  if (!valid) return fail(valid.error());
  if (!*valid) return fail(Errc::kNotFound, "no host " + escaped(host.value), "", "see `ondolctl host list`");
  store::Batch batch{store::RevokeCertificates{host},
                     store::AppendAudit{now, actor, "host.revoke", host.value, fmt::format("{} valid certificates", **valid)}};
  ONDOL_TRY(commit(std::move(batch)));
  parts_.runtime.post(HostRevoked{host});
  journal::write(journal::Event::host_revoked, fmt::format("{} by {}", host.value, actor),
                 {{"HOST", host.value}, {"ACTOR", actor}});
  return **valid;
}

}  // namespace ondol::collector
