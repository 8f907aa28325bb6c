// One stack of layers to one desired state.
#include <fmt/format.h>

#include <algorithm>

#include "common/intent/parsed_layers.h"
#include "common/intent/route_schema.h"
#include "common/intent/schema.h"

namespace ondol::intent {
namespace {

constexpr std::size_t kMaxFindingsPerStack = 1'000;

// Layers below this level are few in a fleet, those from it on are tied together: each half is merged once.
constexpr Level kUpperHalf = Level::kAppType;

class StackResolver {
 public:
  StackResolver(const LayerStack& stack, Layers::Parsed& parsed) : stack_(stack), parsed_(parsed) {}

  StackResult run() && {
    const LayerStack routes = routes_stack(stack_);
    DesiredState state;
    Origins::Sources sources{parsed_.files, stack_, {}, {}, {}, {}};
    add(resolve_trial(stack_, state, sources));
    if (std::any_of(routes.begin(), routes.end(), [](const Layer* layer) { return layer->routes.has_value(); })) {
      merge_lists(list_stack(routes), sources);
      state.routes = intent_of(routes, sources.routes);
      if (has_error_) return std::move(result_);
      for (Finding& finding : findings_of(judge_routes(*state.routes, std::nullopt), sources.routes)) {
        add(std::move(finding));
      }
    }
    if (has_error_) return std::move(result_);
    result_.host = std::shared_ptr<const ResolvedHost>(new ResolvedHost{std::move(state), Origins(std::move(sources))});
    return std::move(result_);
  }

 private:
  void add(Finding finding) {
    has_error_ = has_error_ || finding.severity == Severity::kError;
    if (result_.findings.size() < kMaxFindingsPerStack) result_.findings.push_back(std::move(finding));
  }
  void add(std::vector<Fault> faults) {
    for (Fault& fault : faults) add(as_error(std::move(fault)));
  }

  void merge_lists(const LayerStack& lists, Origins::Sources& sources) {
    const auto middle = std::find_if(lists.begin(), lists.end(),
                                     [](const Layer* layer) { return layer->name.level >= kUpperHalf; });
    const auto host = std::find_if(middle, lists.end(), [](const Layer* layer) { return layer->name.level == Level::kHost; });
    std::vector<Fault> duplicates;
    expand_templates(lists, sources.expanded);
    sources.routes = merge(fixed(LayerStack(lists.begin(), middle)), fixed(LayerStack(middle, host)), duplicates);
    if (host != lists.end() && (*host)->routes) {
      sources.routes = merge(std::move(sources.routes), entries_of((*host)->routes->items), duplicates);
    }
    sources.routes = merge(std::move(sources.routes), entries_of(sources.expanded), duplicates);
    add(std::move(duplicates));
  }

  // The entries without templates of some layers, remembered for the next host.
  const RouteEntries& fixed(const LayerStack& layers) {
    const auto known = parsed_.merged_lists.find(layers);
    if (known != parsed_.merged_lists.end()) return known->second;
    RouteEntries entries;
    std::vector<Fault> none;  // levels differ, so nothing can be said twice
    for (const Layer* layer : layers) {
      if (layer->routes) entries = merge(std::move(entries), entries_of(layer->routes->items), none);
    }
    parsed_.merged_entries += entries.size();
    return parsed_.merged_lists.emplace(layers, std::move(entries)).first->second;
  }

  void expand_templates(const LayerStack& lists, std::vector<RouteItem>& expanded) {
    const bool any = std::any_of(lists.begin(), lists.end(), [](const Layer* layer) {
      return layer->routes && !layer->routes->templates.empty();
    });
    if (!any) return;
    const Variables variables = merge_variables(stack_);
    const Expander expander(variables);
    for (const Layer* layer : lists) {
      if (!layer->routes) continue;
      for (const yaml::Node& entry : layer->routes->templates) expand(expander, entry, layer->name.level, expanded);
    }
    add(sort_unique(expanded));
  }

  void expand(const Expander& expander, const yaml::Node& entry, Level level, std::vector<RouteItem>& expanded) {
    auto plain = expander.expand_tree(entry);
    auto item = plain ? parse_route(*plain, level) : Checked<RouteItem>(tl::unexpected<Fault>(plain.error()));
    if (item) {
      expanded.push_back(std::move(*item));
    } else {
      add(as_error(std::move(item.error())));
    }
  }

  routes::RoutesIntent intent_of(const LayerStack& routes, const RouteEntries& entries) {
    routes::RoutesIntent intent;
    intent.routes.reserve(entries.size());
    for (const RouteEntry& entry : entries) {
      if (!entry.item->removes) {
        intent.routes.push_back(entry.item->route);
      } else if (entry.replaced.empty()) {
        add({Severity::kWarning, entry.item->place,
             fmt::format("removes {}, which no lower layer has", render(entry.item->route.key)),
             "correct the key, or remove the entry", {}});
      }
    }
    if (intent.routes.size() > kMaxRoutesPerHost) {
      add({Severity::kError, {stack_.back()->path, 0, 0},
           fmt::format("{} routes for one host, more than {}", intent.routes.size(), kMaxRoutesPerHost),
           "write fewer, larger prefixes", {}});
    }
    intent.unlisted = value_of(unlisted_chain(routes), intent.unlisted);
    intent.on_conflict = value_of(conflict_chain(routes), intent.on_conflict);
    intent.mode = value_of(mode_chain(stack_), intent.mode);
    for (const IgnoreItem* item : merge_ignore(routes)) intent.ignore.push_back(item->pattern);
    return intent;
  }

  const LayerStack& stack_;
  Layers::Parsed& parsed_;
  StackResult result_;
  bool has_error_ = false;
};

Finding finding_of(const routes::RouteLint& lint, yaml::Place place) {
  const bool is_error = lint.severity == routes::LintSeverity::kError;
  return {is_error ? Severity::kError : Severity::kWarning, std::move(place),
          fmt::format("{}: {}", render(lint.key), lint.message), lint.remedy, {}};
}

}  // namespace

StackResult resolve_stack(const LayerStack& stack, Layers::Parsed& parsed) {
  if (parsed.merged_entries > kRememberedEntries) {
    parsed.merged_lists.clear();
    parsed.merged_entries = 0;
  }
  return StackResolver(stack, parsed).run();
}

std::vector<Finding> findings_of(const std::vector<routes::RouteLint>& lints, const RouteEntries& entries) {
  std::vector<Finding> findings;
  for (const routes::RouteLint& lint : lints) {
    const auto entry = std::lower_bound(entries.begin(), entries.end(), lint.key,
                                        [](const RouteEntry& e, const auto& key) { return e.item->route.key < key; });
    findings.push_back(finding_of(lint, entry->item->place));
  }
  return findings;
}

std::vector<Finding> findings_of(const std::vector<routes::RouteLint>& lints, const Origins& origins) {
  std::vector<Finding> findings;
  for (const routes::RouteLint& lint : lints) {
    const auto origin = origins.of_route(lint.key);
    findings.push_back(finding_of(lint, origin ? origin->place : yaml::Place{}));
  }
  return findings;
}

}  // namespace ondol::intent
