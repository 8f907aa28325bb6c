#include "common/intent/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "common/base/nearest_name.h"
#include "common/intent/setting_text.h"
#include "common/intent/statements.h"

namespace ondol::intent {
namespace {

constexpr std::size_t kMostElsewhere = 20;
constexpr std::size_t kMostNear = 10;
constexpr std::string_view kList = "routes.list[";

// What a key asks for.
class Wanted {
 public:
  explicit Wanted(std::string_view key) : key_(key) {
    if (key.empty()) return;
    if (key == "default") destinations_ = {"0.0.0.0/0 ", "::/0 "};
    if (const auto prefix = parse_prefix(key)) destinations_ = {render(*prefix) + " "};
  }

  bool everything() const { return key_.empty(); }
  bool matches(std::string_view name) const {
    if (everything() || name == key_) return true;
    if (name.starts_with(key_) && (name[key_.size()] == '.' || name[key_.size()] == '[')) return true;
    if (name.ends_with(fmt::format(".{}", key_)) ||
        name.find(fmt::format("[{}]", key_)) != std::string_view::npos)
      return true;
    if (!name.starts_with(kList)) return false;
    return std::any_of(destinations_.begin(), destinations_.end(),
                       [&](const std::string& text) { return name.substr(kList.size()).starts_with(text); });
  }

 private:
  std::string key_;
  std::vector<std::string> destinations_;
};

struct Chain {
  std::vector<Statement> said;     // low to high; the last one decides
  std::vector<Statement> dropped;  // that a `~` above them dropped
};
using Chains = std::map<std::string, Chain>;

bool is_set(std::string_view name) { return name.starts_with("routes.ignore["); }

void drop(Chains& chains, const Saying& saying) {
  const std::string why = fmt::format("dropped by `~` at {}", yaml::render(saying.statement.place));
  const bool is_variables = saying.name == "vars.";
  for (auto at = chains.lower_bound(saying.name); at != chains.end() && at->first.starts_with(saying.name);
       ++at) {
    Chain& chain = at->second;
    if (chain.said.empty()) continue;
    if (is_variables) {
      if (!chain.said.back().removes) chain.said.push_back(saying.statement);
      continue;
    }
    for (Statement& statement : chain.said) {
      statement.why_not = why;
      chain.dropped.push_back(std::move(statement));
    }
    chain.said.clear();
  }
}

Chains chains_of(const LayerStack& stack) {
  const Variables variables = merge_variables(stack);
  const Expander expander(variables);
  Chains chains;
  for (const Layer* layer : stack) {
    for (Saying& saying : sayings_of(*layer, expander)) {
      if (saying.kind == SayingKind::kDrop) {
        drop(chains, saying);
        continue;
      }
      auto& said = chains[saying.name].said;
      if (said.empty() || !is_set(saying.name)) said.push_back(std::move(saying.statement));
    }
  }
  return chains;
}

// Names of settings that always have a value, and which.
const std::map<std::string, std::string>& defaults() {
  static const routes::RoutesIntent kRoutes;
  static const trial::TrialRules kTrial;
  static const std::map<std::string, std::string> kDefaults{
      {"mode.routes", std::string(setting_text(kRoutes.mode))},
      {"routes.unlisted", std::string(setting_text(kRoutes.unlisted))},
      {"routes.conflict", std::string(setting_text(kRoutes.on_conflict))},
      {"trial.deadline", setting_text(kTrial.deadline)},
      {"trial.enabled", std::string(setting_text(kTrial.enabled))}};
  return kDefaults;
}

ExplainedValue value_of(const std::string& name, Chain chain, bool with_dropped) {
  ExplainedValue value;
  value.name = name;
  if (!chain.said.empty()) {
    value.said = std::move(chain.said.back());
    chain.said.pop_back();
    value.replaced = std::move(chain.said);
    value.in_effect = !value.said->removes;
    value.value = value.said->value;
  }
  const auto standard = defaults().find(name);
  if (!value.in_effect && standard != defaults().end()) {
    value.in_effect = value.is_default = true;
    value.value = standard->second;
  }
  if (with_dropped) value.elsewhere = std::move(chain.dropped);
  return value;
}

struct Field {
  std::string_view name;  // of the record
  const std::string& value;
};
Field field_of(const HostFacts& host, Level level) {
  static const std::string kNone;
  switch (level) {
    case Level::kGlobal:
      return {"", kNone};
    case Level::kCluster:
      return {"cluster", host.cluster};
    case Level::kPhase:
      return {"phase", host.phase};
    case Level::kAppType:
      return {"app_type", host.app_type};
    case Level::kAppGroup:
      return {"app_group", host.app_group};
    case Level::kApp:
      return {"app", host.app};
    case Level::kHost:
      return {"name", host.name.value};
  }
  return {"", kNone};
}

std::string why_not_here(const HostFacts& host, const LayerName& layer) {
  if (layer.level == Level::kHost) return fmt::format("only for host {}", layer.name);
  const Field field = field_of(host, layer.level);
  const std::string says = field.value.empty() ? fmt::format("has no {}", field.name)
                                               : fmt::format("says {}={}", field.name, field.value);
  return fmt::format("only for hosts with {}={}; the record of {} {}", field.name, layer.name,
                     host.name.value, says);
}

// The layers of the host, as if this one were among them.
LayerStack with_layer(LayerStack stack, const Layer* layer) {
  std::erase_if(stack, [&](const Layer* other) { return other->name.level == layer->name.level; });
  stack.push_back(layer);
  std::sort(stack.begin(), stack.end(),
            [](const Layer* a, const Layer* b) { return a->name.level < b->name.level; });
  return stack;
}

class Explainer {
 public:
  Explainer(const Layers& layers, const HostFacts& host, std::string_view key)
      : layers_(layers), host_(host), key_(key), wanted_(key), stack_(layers.stack(host)) {}

  Explanation run() && {
    Chains chains = chains_of(stack_);
    for (const auto& [name, text] : defaults()) chains.try_emplace(name);
    for (auto& [name, chain] : chains) {
      known_.push_back(name);
      if (!wanted_.matches(name)) continue;
      const bool is_said = !chain.said.empty() || defaults().contains(name);
      if (wanted_.everything() && !is_said) continue;
      values_.emplace(name, value_of(name, std::move(chain), !wanted_.everything()));
    }
    if (!wanted_.everything()) look_elsewhere();
    Explanation explanation;
    for (auto& [name, value] : values_) explanation.values.push_back(std::move(value));
    if (explanation.values.empty() && !wanted_.everything()) explanation.near = near();
    return explanation;
  }

 private:
  void look_elsewhere() {
    for (const Layer* layer : layers_.all()) {
      if (std::find(stack_.begin(), stack_.end(), layer) != stack_.end()) continue;
      const Variables variables = merge_variables(with_layer(stack_, layer));
      for (Saying& saying : sayings_of(*layer, Expander(variables))) {
        if (saying.kind == SayingKind::kDrop) continue;
        if (known_elsewhere_.size() < kMostKnown) known_elsewhere_.push_back(saying.name);
        if (!wanted_.matches(saying.name)) continue;
        ExplainedValue& value = values_.try_emplace(saying.name).first->second;
        value.name = saying.name;
        saying.statement.why_not = why_not_here(host_, layer->name);
        if (value.elsewhere.size() < kMostElsewhere) value.elsewhere.push_back(std::move(saying.statement));
      }
    }
  }

  std::vector<std::string> near() const {
    std::vector<std::string> near = near_destinations();
    if (!near.empty()) return near;
    std::vector<std::string_view> names;
    for (const auto* list : {&known_, &known_elsewhere_}) {
      for (const std::string_view name : *list) {
        if (name.starts_with(kList)) continue;
        names.push_back(name);
        if (const auto dot = name.find('.'); dot != std::string_view::npos)
          names.push_back(name.substr(dot + 1));
      }
    }
    if (const auto nearest = nearest_name(key_, names)) near.push_back(*nearest);
    return near;
  }

  // Routes of this host that a packet to the key, or a part of it, would take: the narrowest first.
  std::vector<std::string> near_destinations() const {
    const std::string_view address = key_.substr(0, key_.find('/'));
    const auto parsed = parse_address(address);
    if (!parsed) return {};
    std::vector<std::pair<int, std::string>> found;
    for (const std::string& name : known_) {
      if (!name.starts_with(kList)) continue;
      const std::string key = name.substr(kList.size(), name.size() - kList.size() - 1);
      const auto prefix = parse_prefix(key.substr(0, key.find(' ')));
      if (!prefix || prefix->address.family != parsed->family || !contains(*prefix, *parsed)) continue;
      found.emplace_back(-static_cast<int>(prefix->length), key);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> near;
    for (auto& [length, key] : found) {
      if (near.size() < kMostNear) near.push_back(std::move(key));
    }
    return near;
  }

  static constexpr std::size_t kMostKnown = 100'000;
  const Layers& layers_;
  const HostFacts& host_;
  std::string_view key_;
  Wanted wanted_;
  LayerStack stack_;
  std::vector<std::string> known_, known_elsewhere_;
  std::map<std::string, ExplainedValue> values_;
};

int last_line(const yaml::Node& node) {
  int last = node.place.line;
  for (const yaml::Node& item : node.items) last = std::max(last, last_line(item));
  for (const auto& [key, value] : node.entries) last = std::max({last, key.place.line, last_line(value)});
  return last;
}

const yaml::Node* node_at(const yaml::Node& node, const yaml::Place& place) {
  if (node.place.line == place.line && node.place.column == place.column) return &node;
  for (const yaml::Node& item : node.items) {
    if (const yaml::Node* found = node_at(item, place)) return found;
  }
  for (const auto& [key, value] : node.entries) {
    if (const yaml::Node* found = node_at(value, place)) return found;
  }
  return nullptr;
}

}  // namespace

Explanation explain(const Layers& layers, const HostFacts& host, std::string_view key) {
  return Explainer(layers, host, key).run();
}

int last_line_of(const yaml::Node& root, const yaml::Place& place) {
  const yaml::Node* node = node_at(root, place);
  return node == nullptr ? place.line : last_line(*node);
}

}  // namespace ondol::intent
