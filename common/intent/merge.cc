#include "common/intent/merge.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::intent {
namespace {

// From the last layer for which `resets` holds; with it when it says more than that.
template <typename Resets>
LayerStack from_last(const LayerStack& stack, Resets resets) {
  const auto last = std::find_if(stack.rbegin(), stack.rend(), [&](const Layer* layer) { return resets(*layer); });
  return LayerStack(last.base(), stack.end());
}

Fault duplicate(const RouteItem& first, const RouteItem& second) {
  const bool swapped = std::tie(second.place.line, second.place.column) < std::tie(first.place.line, first.place.column);
  const RouteItem& early = swapped ? second : first;
  const RouteItem& late = swapped ? first : second;
  return Fault{late.place,
               fmt::format("duplicate route {} (first at {})", render(late.route.key), yaml::render(early.place)),
               "keep one of them, or give them different metrics"};
}

// Both have the same key.
RouteEntry join(RouteEntry a, const RouteEntry& b, std::vector<Fault>& duplicates) {
  auto chain = std::move(a.replaced);
  chain.push_back(a.item);
  chain.insert(chain.end(), b.replaced.begin(), b.replaced.end());
  chain.push_back(b.item);
  std::stable_sort(chain.begin(), chain.end(), [](const auto* x, const auto* y) { return x->level < y->level; });
  RouteEntry joined;
  for (const RouteItem* item : chain) {
    if (joined.item != nullptr && joined.item->level == item->level) {
      duplicates.push_back(duplicate(*joined.item, *item));
      continue;
    }
    if (joined.item != nullptr) joined.replaced.push_back(joined.item);
    joined.item = item;
  }
  return joined;
}

}  // namespace

RouteEntries entries_of(const std::vector<RouteItem>& items) {
  RouteEntries entries;
  entries.reserve(items.size());
  for (const RouteItem& item : items) {
    if (entries.empty() || entries.back().item->route.key != item.route.key) {
      entries.push_back({&item, {}});
      continue;
    }
    entries.back().replaced.push_back(entries.back().item);
    entries.back().item = &item;
  }
  return entries;
}

RouteEntries merge(RouteEntries a, const RouteEntries& b, std::vector<Fault>& duplicates) {
  if (b.empty()) return a;
  if (a.empty()) return b;
  RouteEntries merged;
  merged.reserve(a.size() + b.size());
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    const auto order = left->item->route.key <=> right->item->route.key;
    if (order < 0) {
      merged.push_back(std::move(*left++));
    } else if (order > 0) {
      merged.push_back(*right++);
    } else {
      merged.push_back(join(std::move(*left++), *right++, duplicates));
    }
  }
  std::move(left, a.end(), std::back_inserter(merged));
  std::copy(right, b.end(), std::back_inserter(merged));
  return merged;
}

LayerStack routes_stack(const LayerStack& stack) {
  return from_last(stack, [](const Layer& layer) { return layer.routes && layer.routes->resets; });
}

LayerStack list_stack(const LayerStack& routes) {
  return from_last(routes, [](const Layer& layer) { return layer.routes && layer.routes->resets_list; });
}

std::vector<const Setting<routes::Unlisted>*> unlisted_chain(const LayerStack& routes) {
  return chain_of<routes::Unlisted>(
      routes, [](const Layer& layer) { return layer.routes ? &layer.routes->unlisted : nullptr; });
}

std::vector<const Setting<routes::OnConflict>*> conflict_chain(const LayerStack& routes) {
  return chain_of<routes::OnConflict>(
      routes, [](const Layer& layer) { return layer.routes ? &layer.routes->on_conflict : nullptr; });
}

std::vector<const Setting<Mode>*> mode_chain(const LayerStack& stack) {
  return chain_of<Mode>(stack, [](const Layer& layer) { return &layer.routes_mode; });
}

std::vector<const IgnoreItem*> merge_ignore(const LayerStack& routes) {
  const LayerStack stack =
      from_last(routes, [](const Layer& layer) { return layer.routes && layer.routes->resets_ignore; });
  std::vector<const IgnoreItem*> set;
  for (const Layer* layer : stack) {
    if (!layer->routes) continue;
    for (const IgnoreItem& item : layer->routes->ignore) {
      const bool known =
          std::any_of(set.begin(), set.end(), [&](const IgnoreItem* other) { return other->pattern == item.pattern; });
      if (!known) set.push_back(&item);
    }
  }
  return set;
}

std::vector<const Setting<Milliseconds>*> deadline_chain(const std::vector<TrialPart>& trials) {
  std::vector<const Setting<Milliseconds>*> chain;
  for (const TrialPart& trial : trials) {
    if (trial.deadline) chain.push_back(&*trial.deadline);
  }
  return chain;
}

std::vector<const Setting<bool>*> enabled_chain(const std::vector<TrialPart>& trials) {
  std::vector<const Setting<bool>*> chain;
  for (const TrialPart& trial : trials) {
    if (trial.enabled) chain.push_back(&*trial.enabled);
  }
  return chain;
}

LayerStack probes_stack(const LayerStack& stack) {
  return from_last(stack, [](const Layer& layer) { return layer.probes && layer.probes->resets; });
}

Variables merge_variables(const LayerStack& stack) {
  Variables variables;
  for (const Layer* layer : stack) {
    if (layer->resets_variables) variables.clear();
    for (const Variable& variable : layer->variables) {
      if (variable.value.kind == yaml::Kind::kNull) {
        variables.erase(variable.name);
      } else {
        variables[variable.name] = &variable.value;
      }
    }
  }
  return variables;
}

}  // namespace ondol::intent
