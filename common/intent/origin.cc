#include "common/intent/origin.h"

#include <algorithm>

#include "common/intent/trial_schema.h"

namespace ondol::intent {
namespace {

using OriginMap = std::map<std::string, Origin>;

// A later place of the same name replaces the earlier one.
void put(OriginMap& origins, const std::string& name, const yaml::Place& place, bool removed) {
  const auto [at, is_new] = origins.try_emplace(name);
  if (!is_new) at->second.replaced.push_back(at->second.place);
  at->second.place = place;
  at->second.removed = removed;
}

template <typename T>
void put_chain(OriginMap& origins, const std::string& name, const std::vector<const Setting<T>*>& chain) {
  for (const auto* setting : chain) put(origins, name, setting->place, !setting->value);
}

Origin origin_of(const RouteEntry& entry) {
  Origin origin{entry.item->place, {}, entry.item->removes, entry.item->reason};
  for (const RouteItem* item : entry.replaced) origin.replaced.push_back(item->place);
  return origin;
}

std::string name_of(const routes::IgnorePattern& pattern) {
  std::string text;
  if (!pattern.interface.empty()) text += " dev " + pattern.interface;
  if (pattern.protocol != 0) text += " proto " + std::to_string(pattern.protocol);
  return "routes.ignore[" + text.substr(1) + "]";
}

void put_variables(OriginMap& origins, const LayerStack& stack) {
  for (const Layer* layer : stack) {
    if (layer->resets_variables) {
      for (const auto& [name, value] : merge_variables(LayerStack(stack.begin(), std::find(stack.begin(), stack.end(), layer)))) {
        put(origins, "vars." + name, *layer->resets_variables, true);
      }
    }
    for (const Variable& variable : layer->variables) {
      put(origins, "vars." + variable.name, variable.value.place, variable.value.kind == yaml::Kind::kNull);
    }
  }
}

}  // namespace

std::map<std::string, Origin> Origins::all() const {
  const LayerStack routes = routes_stack(sources_.stack);
  OriginMap origins;
  put_chain(origins, "mode.routes", mode_chain(sources_.stack));
  put_chain(origins, "routes.unlisted", unlisted_chain(routes));
  put_chain(origins, "routes.conflict", conflict_chain(routes));
  for (const IgnoreItem* item : merge_ignore(routes)) put(origins, name_of(item->pattern), item->place, false);
  put_chain(origins, "trial.deadline", deadline_chain(sources_.trials));
  put_chain(origins, "trial.enabled", enabled_chain(sources_.trials));
  for (const ProbeItem& item : sources_.probes) put(origins, "probes[" + probe_text(item.target) + "]", item.place, false);
  put_variables(origins, sources_.stack);
  for (const RouteEntry& entry : sources_.routes) {
    origins.emplace("routes.list[" + render(entry.item->route.key) + "]", origin_of(entry));
  }
  return origins;
}

std::optional<Origin> Origins::of_route(const routes::RouteKey& key) const {
  const auto& routes = sources_.routes;
  const auto found = std::lower_bound(routes.begin(), routes.end(), key,
                                      [](const RouteEntry& e, const routes::RouteKey& k) { return e.item->route.key < k; });
  if (found == routes.end() || found->item->route.key != key) return std::nullopt;
  return origin_of(*found);
}

}  // namespace ondol::intent
