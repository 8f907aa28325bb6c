#include "collector/runtime/change_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

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

void ChangeDesk::add_row(Known& known, const HostIntent& intent, const store::RevisionRow& revision, Generation received,
                         Plan& plan) {
  DesiredState state = intent.resolved->state;
  state.revision = revision.id;
  state.allow_mass_delete = revision.allow_mass_delete;
  const Generation last = known.desired.contains(intent.host) ? known.desired[intent.host].first : Generation{};
  state.generation = Generation{std::max(last, received).value + 1};
  DesiredHead head{intent.host, state.generation, state.revision, std::nullopt};
  if (state.routes) head.mode = state.routes->mode;
  plan.rows.push_back({intent.host, head.generation, head.revision, intent.digest, wire::encode(state)});
  plan.heads.push_back(std::move(head));
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

// What only the observed routes show is a warning: the host judges again by what it holds then.
void ChangeDesk::tell(ConfigPlan told, const store::RevisionRow& revision, Plan& plan) {
  const std::set<HostId> by_layers(plan.mass_deleted.begin(), plan.mass_deleted.end());
  std::vector<HostId> observed;
  for (const HostId& host : told.mass_deleted) {
    if (!by_layers.contains(host)) observed.push_back(host);
  }
  told.mass_deleted = plan.mass_deleted;
  told.mass_deleted.insert(told.mass_deleted.end(), observed.begin(), observed.end());
  plan.told = std::move(told);
  if (!observed.empty() && !revision.allow_mass_delete)
    plan.findings.push_back(will_refuse_finding(std::move(observed)));
}

// Hosts that want the same now and next are read and compared once. `changed` may be in any order.
Result<void> ChangeDesk::judge_changes(Known& known, const store::RevisionRow& revision,
                                       const std::vector<HostIntent>& changed, const Wishes& wishes, Plan& plan) {
  std::vector<std::pair<std::optional<Sha256>, const HostIntent*>> ordered;  // digest of what is wanted now
  for (const HostIntent& intent : changed) {
    const auto old = known.desired.find(intent.host);
    ordered.emplace_back(old == known.desired.end() ? std::optional<Sha256>{} : old->second.second, &intent);
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second->digest) < std::tie(b.first, b.second->digest);
  });
  PlanSurvey survey(parts_.store);
  std::optional<Sha256> read;  // what `before` is; nothing was wanted: null
  DesiredPtr before;
  for (const auto& [digest, intent] : ordered) {
    if (read != digest) {
      auto state = !digest ? Result<DesiredPtr>(DesiredPtr{}) : read_desired_state(parts_.store, intent->host);
      if (!state) return fail(state.error());
      before = *state;
      read = digest;
    }
    if (before && is_mass_delete(*before, intent->resolved->state)) plan.mass_deleted.push_back(intent->host);
    if (wishes.tell) survey.add(intent->host, before, intent->resolved);
  }
  if (wishes.tell) tell(survey.take(), revision, plan);
  if (plan.mass_deleted.empty() || revision.allow_mass_delete) return {};
  plan.findings.push_back(mass_delete_finding(plan.mass_deleted));
  plan.has_errors = true;
  return {};
}

// Other rules of the trial alone are no change: the next change is tried by them.
Result<ChangeDesk::Plan> ChangeDesk::plan(Known& known, const store::RevisionRow& revision,
                                          const std::vector<store::HostRecord>& records, const Wishes& wishes) {
  const std::set<HostId> retried = wishes.retry == Retry::kUndone ? undone_hosts() : std::set<HostId>{};
  const auto is_changed = [&](const HostId& host, const Sha256& digest, bool has_routes) {
    const auto old = known.desired.find(host);
    if (old == known.desired.end()) return has_routes;
    return old->second.second != digest || retried.contains(host);
  };
  FleetIntent fleet = known.resolver.resolve(revision, records, is_changed);
  Plan plan;
  plan.has_errors = fleet.has_errors();
  plan.findings = std::move(fleet.findings);
  if (plan.has_errors) return plan;
  plan.changed = static_cast<std::uint32_t>(fleet.hosts.size());
  ONDOL_TRY(judge_changes(known, revision, fleet.hosts, wishes, plan));
  if (plan.has_errors || !wishes.store) return plan;
  auto received = received_generations(fleet.hosts);
  for (const HostIntent& intent : fleet.hosts) add_row(known, intent, revision, received[intent.host], plan);
  return plan;
}

// ---- config ----

Result<ConfigVerdict> ChangeDesk::check_config(const ConfigChange& change) {
  return known_.with([&](Known& known) { return decide_config(known, change, nullptr); });
}

Result<ConfigVerdict> ChangeDesk::apply_config(const ConfigChange& change, const std::string& actor) {
  const Act act{actor, "config.apply", ""};
  return known_.with([&](Known& known) { return decide_config(known, change, &act); });
}

// A word such as `previous` means another revision after the next commit: what was found must still be true
// here.
Result<ConfigVerdict> ChangeDesk::decide_rollback(Known& known, const RollbackTarget& to, ConfigChange change,
                                                  const Act* act) {
  const auto newest = parts_.store.read_commits(1);
  if (!newest) return fail(newest.error());
  const std::string digits = to.revision.value.substr(0, 12);
  if (!newest->empty() && to.current != 0 && newest->front().number != to.current) {
    return fail(Errc::kConflict,
                fmt::format("revision {} was committed meanwhile", newest->front().id.value.substr(0, 12)),
                "", "look at `ondolctl config history` and say again which revision to go back to");
  }
  if (!newest->empty() && newest->front().id == to.revision)
    return fail(Errc::kConflict, "revision " + digits + " is current already", "",
                "`ondolctl config apply` tries it again");
  auto revision = parts_.store.read_revision(to.revision);
  if (!revision) return fail(revision.error());
  if (!*revision)
    return fail(Errc::kNotFound, "revision " + digits + " is not stored", "",
                "see `ondolctl config history`");
  change.files = std::move((*revision)->files);
  return decide_config(known, change, act);
}

Result<ConfigVerdict> ChangeDesk::rollback_config(const RollbackTarget& to, ConfigChange change,
                                                  const std::string& actor) {
  const Act act{actor, "config.rollback", "back to " + to.revision.value.substr(0, 12) + ", "};
  return known_.with([&](Known& known) { return decide_rollback(known, to, std::move(change), &act); });
}

Result<ConfigVerdict> ChangeDesk::check_rollback(const RollbackTarget& to, ConfigChange change) {
  return known_.with([&](Known& known) { return decide_rollback(known, to, std::move(change), nullptr); });
}

namespace {

store::RevisionRow revision_row(const ConfigChange& change, const std::string& actor) {
  store::RevisionRow row;
  row.files = change.files;
  std::sort(row.files.begin(), row.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  std::vector<intent::LayerText> texts;
  for (const store::LayerFile& file : row.files) texts.push_back({file.path, file.content});
  row.id = intent::revision_of(std::move(texts));
  row.message = change.message;
  row.author = actor;
  row.committed = read_now().wall;
  row.allow_mass_delete = change.allow_mass_delete;
  return row;
}

}  // namespace

Result<ConfigVerdict> ChangeDesk::decide_config(Known& known, const ConfigChange& change, const Act* act) {
  ONDOL_TRY(load(known));
  const store::RevisionRow revision = revision_row(change, act == nullptr ? "" : act->actor);
  auto records = parts_.store.read_records();
  if (!records) return fail(records.error());
  const auto current = parts_.store.read_current_revision();
  if (!current) return fail(current.error());
  const Revision base = *current ? (*current)->id : Revision{};
  if (!change.bound_to.empty()) ONDOL_TRY(check_plan_id(change.bound_to, base, digest_of_records(*records), revision.id));
  auto planned = plan(known, revision, *records, {Retry::kUndone, act != nullptr, change.with_plan});
  if (!planned) return fail(planned.error());

  ConfigVerdict verdict;
  verdict.findings = planned->findings;
  verdict.hosts_total = static_cast<std::uint32_t>(records->size());
  verdict.hosts_changed = planned->changed;
  if (planned->told) {
    verdict.plan = std::move(planned->told);
    verdict.plan->id = plan_id(base, digest_of_records(*records), revision.id);
    verdict.plan->base = base;
    verdict.plan->revision = revision.id;
  }
  if (planned->has_errors) return verdict;
  verdict.unchanged = *current && base == revision.id && planned->changed == 0;
  if (verdict.unchanged) verdict.revision = revision.id;
  if (act == nullptr || verdict.unchanged) return verdict;
  ONDOL_TRY(store_config(known, revision, *planned, *act, verdict));
  return verdict;
}

Result<void> ChangeDesk::store_config(Known& known, const store::RevisionRow& revision, const Plan& planned, const Act& act,
                                      ConfigVerdict& verdict) {
  store::Batch batch{store::PutRevision{revision, verdict.hosts_changed, verdict.hosts_total}};
  for (const store::DesiredRow& row : planned.rows) batch.push_back(store::PutDesired{row});
  const std::string detail = fmt::format("{}{} of {} hosts change{}{}", act.subject_detail, verdict.hosts_changed,
                                         verdict.hosts_total, revision.allow_mass_delete ? ", mass deletion allowed" : "",
                                         revision.message.empty() ? "" : ": " + revision.message);
  batch.push_back(store::AppendAudit{revision.committed, act.actor, act.action, revision.id.value, detail});
  ONDOL_TRY(commit(std::move(batch)));
  verdict.revision = revision.id;
  journal::write(journal::Event::config_applied,
                 fmt::format("revision {} by {}: {}", revision.id.value.substr(0, 12), act.actor, detail),
                 {{"REVISION", revision.id.value}, {"ACTOR", act.actor}});
  committed(known, planned);
  return {};
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
