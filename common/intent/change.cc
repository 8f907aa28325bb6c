#include "common/intent/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/intent/setting_text.h"
#include "common/resources/routes/plan_routes.h"

namespace ondol::intent {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string probes_text(const std::vector<trial::ProbeTarget>& probes) {
  std::string text;
  for (const auto& probe : probes) text += (text.empty() ? "" : ", ") + trial::render(probe);
  return text.empty() ? "none" : text;
}

// Always the same names in the same order.
Settings settings_of(const DesiredState& state) {
  const routes::RoutesIntent routes = state.routes ? routes::RoutesIntent{{},
                                                                          state.routes->unlisted,
                                                                          state.routes->on_conflict,
                                                                          state.routes->ignore,
                                                                          state.routes->mode}
                                                   : routes::RoutesIntent{};
  std::string ignore;
  for (const auto& pattern : routes.ignore) ignore += (ignore.empty() ? "" : ", ") + pattern_text(pattern);
  return {{"routes", state.routes ? "managed" : "unmanaged"},
          {"mode.routes", std::string(setting_text(routes.mode))},
          {"routes.unlisted", std::string(setting_text(routes.unlisted))},
          {"routes.conflict", std::string(setting_text(routes.on_conflict))},
          {"routes.ignore", ignore.empty() ? "none" : ignore},
          {"trial.deadline", setting_text(state.trial.deadline)},
          {"trial.enabled", state.trial.enabled ? "true" : "false"},
          {"probes", probes_text(state.trial.probes)}};
}

// 0 = deletion, 1 = change, 2 = addition.
int rank(const RouteEdit& edit) { return !edit.after ? 0 : edit.before ? 1 : 2; }

std::vector<RouteEdit> diff_lists(const std::vector<routes::Route>& before,
                                  const std::vector<routes::Route>& after) {
  std::vector<RouteEdit> edits;
  auto left = before.begin();
  auto right = after.begin();
  while (left != before.end() || right != after.end()) {
    const bool only_left = right == after.end() || (left != before.end() && left->key < right->key);
    const bool only_right = !only_left && (left == before.end() || right->key < left->key);
    if (only_left) {
      edits.push_back({left->key, left->value, std::nullopt});
    } else if (only_right) {
      edits.push_back({right->key, std::nullopt, right->value});
    } else if (left->value != right->value) {
      edits.push_back({left->key, left->value, right->value});
    }
    if (!only_right) ++left;
    if (!only_left) ++right;
  }
  std::stable_sort(edits.begin(), edits.end(),
                   [](const RouteEdit& a, const RouteEdit& b) { return rank(a) < rank(b); });
  return edits;
}

std::string text_of(const std::optional<routes::RouteValue>& value) { return value ? render(*value) : ""; }

Digest digest_of_change(const IntentChange& change) {
  std::string text;
  for (const SettingEdit& edit : change.settings)
    text += fmt::format("{}\n{}\n{}\n", edit.name, edit.before, edit.after);
  for (const RouteEdit& edit : change.routes) {
    text += fmt::format("{}\n{}\n{}\n", render(edit.key), text_of(edit.before), text_of(edit.after));
  }
  return digest_of(text);
}

std::string observed_text(const routes::ObservedRoute& route) {
  return render(route.route.value) + " proto " + routes::protocol_name(route.protocol);
}

std::set<routes::RouteKey> deleted_by(const IntentChange& change) {
  std::set<routes::RouteKey> keys;
  for (const RouteEdit& edit : change.routes) {
    if (!edit.after) keys.insert(edit.key);
  }
  return keys;
}

}  // namespace

IntentChange diff_states(const DesiredState& before, const DesiredState& after) {
  static const std::vector<routes::Route> kNone;
  IntentChange change;
  const Settings old = settings_of(before), fresh = settings_of(after);
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (old[i].second != fresh[i].second)
      change.settings.push_back({old[i].first, old[i].second, fresh[i].second});
  }
  if (!after.routes) return change;
  change.routes = diff_lists(before.routes ? before.routes->routes : kNone, after.routes->routes);
  return change;
}

HostOutlook outlook_of(const routes::RoutesIntent& desired, const routes::RouteSnapshot& observed,
                       const IntentChange& change) {
  const routes::RoutePlan plan = plan_routes(desired, observed, {});
  const std::set<routes::RouteKey> deleted = deleted_by(change);
  HostOutlook outlook;
  outlook.is_mass_delete = is_mass_delete(plan) || (desired.routes.empty() && plan.removals > 0);
  std::vector<HostEffect>& effects = outlook.effects;
  for (const routes::RouteOp& op : plan.operations) {
    if (!op.before) continue;
    if (op.before->ownership == routes::Ownership::kOurs) {
      if (op.kind == routes::OpKind::kRemove && !deleted.contains(op.route.key))
        effects.push_back({EffectKind::kRemoveOurs, op.route.key, observed_text(*op.before), ""});
    } else if (op.kind == routes::OpKind::kReplace) {
      effects.push_back(
          {EffectKind::kTakeOver, op.route.key, observed_text(*op.before), render(op.route.value)});
    } else if (op.kind == routes::OpKind::kRemove) {
      effects.push_back({EffectKind::kRemoveForeign, op.route.key, observed_text(*op.before), ""});
    }
  }
  for (const routes::RouteDifference& left : plan.left_alone) {
    if (left.kind == DriftKind::kExtra || !left.observed || !left.desired) continue;
    effects.push_back({EffectKind::kConflict, left.key,
                       render(*left.observed) + " proto " + routes::protocol_name(left.observed_protocol),
                       render(*left.desired)});
  }
  return outlook;
}

void ChangeGroups::add(const HostId& host, const std::shared_ptr<const IntentChange>& change,
                       const std::vector<HostEffect>& effects) {
  if (change != last_) last_digest_ = digest_of_change(*change);
  last_ = change;
  ChangeGroup& group = groups_[last_digest_];
  if (!group.change) group.change = change;
  group.hosts.push_back(host);
  for (const HostEffect& effect : effects) group.effects[effect].push_back(host);
}

std::vector<ChangeGroup> ChangeGroups::take() {
  std::vector<ChangeGroup> groups;
  for (auto& [digest, group] : groups_) groups.push_back(std::move(group));
  groups_.clear();
  last_.reset();
  std::sort(groups.begin(), groups.end(), [](const ChangeGroup& a, const ChangeGroup& b) {
    return a.hosts.size() != b.hosts.size() ? a.hosts.size() > b.hosts.size()
                                            : a.hosts.front() < b.hosts.front();
  });
  return groups;
}

}  // namespace ondol::intent
