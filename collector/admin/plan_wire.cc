#include "collector/admin/plan_wire.h"

#include <algorithm>

namespace ondol::collector {
namespace {

constexpr std::size_t kMostHostsShown = 20;
constexpr std::size_t kMostRoutesShown = 1'000;
constexpr std::size_t kMostEffectsShown = 200;
constexpr std::size_t kMostGroupsShown = 100;

template <typename Message>
void name_hosts(const std::vector<HostId>& hosts, Message& out) {
  for (std::size_t i = 0; i < std::min(hosts.size(), kMostHostsShown); ++i) out.add_hosts(hosts[i].value);
  out.set_host_count(static_cast<std::uint32_t>(hosts.size()));
}

v1::HostEffect::Kind kind_of(intent::EffectKind kind) {
  switch (kind) {
    case intent::EffectKind::kTakeOver:
      return v1::HostEffect::KIND_TAKE_OVER;
    case intent::EffectKind::kRemoveForeign:
      return v1::HostEffect::KIND_REMOVE_FOREIGN;
    case intent::EffectKind::kConflict:
      return v1::HostEffect::KIND_CONFLICT;
    case intent::EffectKind::kRemoveOurs:
      return v1::HostEffect::KIND_REMOVE_OURS;
  }
  return v1::HostEffect::KIND_UNSPECIFIED;
}

void count(const intent::RouteEdit& edit, v1::HostGroup& out) {
  if (!edit.before) {
    out.set_added(out.added() + 1);
  } else if (!edit.after) {
    out.set_deleted(out.deleted() + 1);
  } else {
    out.set_changed(out.changed() + 1);
  }
}

}  // namespace

v1::Finding to_wire(const intent::Finding& finding) {
  v1::Finding out;
  out.set_severity(finding.severity == intent::Severity::kError ? v1::Finding::SEVERITY_ERROR
                                                                : v1::Finding::SEVERITY_WARNING);
  if (!finding.place.file.empty()) out.set_place(yaml::render(finding.place));
  out.set_message(finding.message);
  out.set_remedy(finding.remedy);
  name_hosts(finding.hosts, out);
  return out;
}

v1::HostGroup to_wire(const intent::ChangeGroup& group) {
  v1::HostGroup out;
  name_hosts(group.hosts, out);
  for (const intent::SettingEdit& edit : group.change->settings) {
    v1::SettingEdit& setting = *out.add_settings();
    setting.set_name(edit.name);
    setting.set_before(edit.before);
    setting.set_after(edit.after);
  }
  for (const intent::RouteEdit& edit : group.change->routes) {
    count(edit, out);
    if (out.routes_size() == static_cast<int>(kMostRoutesShown)) continue;
    v1::RouteEdit& route = *out.add_routes();
    route.set_key(render(edit.key));
    if (edit.before) route.set_before(render(*edit.before));
    if (edit.after) route.set_after(render(*edit.after));
  }
  out.set_tried_again(group.change->empty());
  out.set_effect_count(static_cast<std::uint32_t>(group.effects.size()));
  for (const auto& [effect, hosts] : group.effects) {
    if (out.effects_size() == static_cast<int>(kMostEffectsShown)) break;
    v1::HostEffect& told = *out.add_effects();
    told.set_kind(kind_of(effect.kind));
    told.set_key(render(effect.key));
    told.set_before(effect.before);
    told.set_after(effect.after);
    name_hosts(hosts, told);
  }
  return out;
}

v1::ConfigPlan to_wire(const ConfigPlan& plan) {
  v1::ConfigPlan out;
  out.set_id(plan.id);
  out.set_base_revision(plan.base.value);
  out.set_revision(plan.revision.value);
  out.set_group_count(static_cast<std::uint32_t>(plan.groups.size()));
  for (std::size_t i = 0; i < std::min(plan.groups.size(), kMostGroupsShown); ++i)
    *out.add_groups() = to_wire(plan.groups[i]);
  out.set_hosts_unknown(plan.hosts_unknown);
  out.set_hosts_not_compared(plan.hosts_not_compared);
  out.set_hosts_mass_deleted(static_cast<std::uint32_t>(plan.mass_deleted.size()));
  return out;
}

v1::RevisionInfo to_wire(const store::CommitRow& commit, bool is_current) {
  v1::RevisionInfo out;
  out.set_number(commit.number);
  out.set_id(commit.id.value);
  out.set_author(commit.author);
  out.set_message(commit.message);
  out.set_committed_unix_ns(unix_ns(commit.committed));
  out.set_hosts_changed(commit.hosts_changed.value_or(0));
  out.set_hosts_total(commit.hosts_total.value_or(0));
  out.set_counted(commit.hosts_changed.has_value());
  out.set_allow_mass_delete(commit.allow_mass_delete);
  out.set_current(is_current);
  return out;
}

}  // namespace ondol::collector
