// Layers on top of each other: how each kind of value merges, by pointer, copying nothing.
#pragma once

#include <vector>

#include "common/intent/layer.h"
#include "common/intent/template.h"

namespace ondol::intent {

// The layers of one host, low to high; a layer that the host does not have is absent.
using LayerStack = std::vector<const Layer*>;

// One key of routes.list over several layers.
struct RouteEntry {
  const RouteItem* item = nullptr;           // of the highest layer; may be a removal
  std::vector<const RouteItem*> replaced;    // low to high
};
using RouteEntries = std::vector<RouteEntry>;  // sorted by key, keys unique

RouteEntries entries_of(const std::vector<RouteItem>& items);  // sorted by key, then level
// Levels decide, not the order of the arguments. A key that one layer says twice is a duplicate: the first is kept.
RouteEntries merge(RouteEntries a, const RouteEntries& b, std::vector<Fault>& duplicates);

// The layers whose routes count: those from the highest `routes: ~` on, without it.
LayerStack routes_stack(const LayerStack& stack);
// Of those: the ones whose list counts.
LayerStack list_stack(const LayerStack& routes);

// Every setting of one kind, low to high: the last one wins.
template <typename T, typename Get>
std::vector<const Setting<T>*> chain_of(const LayerStack& stack, Get get) {
  std::vector<const Setting<T>*> chain;
  for (const Layer* layer : stack) {
    const std::optional<Setting<T>>* setting = get(*layer);
    if (setting != nullptr && *setting) chain.push_back(&**setting);
  }
  return chain;
}
std::vector<const Setting<routes::Unlisted>*> unlisted_chain(const LayerStack& routes);
std::vector<const Setting<routes::OnConflict>*> conflict_chain(const LayerStack& routes);
std::vector<const Setting<Mode>*> mode_chain(const LayerStack& stack);
template <typename T>
T value_of(const std::vector<const Setting<T>*>& chain, T otherwise) {
  return chain.empty() ? otherwise : chain.back()->value.value_or(otherwise);
}

// A set: low to high, each pattern once, from the highest `ignore: ~` on.
std::vector<const IgnoreItem*> merge_ignore(const LayerStack& routes);

// The trials of a stack, low to high, without templates.
std::vector<const Setting<Milliseconds>*> deadline_chain(const std::vector<TrialPart>& trials);
std::vector<const Setting<bool>*> enabled_chain(const std::vector<TrialPart>& trials);

// The layers whose probes count: those from the highest `probes: ~` on.
LayerStack probes_stack(const LayerStack& stack);

Variables merge_variables(const LayerStack& stack);

}  // namespace ondol::intent
