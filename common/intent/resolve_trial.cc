// The trial rules of one stack of layers.
#include <fmt/format.h>

#include <algorithm>

#include "common/intent/parsed_layers.h"
#include "common/intent/trial_schema.h"

namespace ondol::intent {
namespace {

class TrialResolver {
 public:
  TrialResolver(const LayerStack& stack, Origins::Sources& sources)
      : stack_(stack), variables_(merge_variables(stack)), expander_(variables_), sources_(sources) {}

  trial::TrialRules run() {
    trial::TrialRules rules;
    for (const Layer* layer : stack_) read_trial(*layer);
    rules.deadline = value_of(deadline_chain(sources_.trials), rules.deadline);
    rules.enabled = value_of(enabled_chain(sources_.trials), rules.enabled);
    for (const Layer* layer : probes_stack(stack_)) read_probes(*layer);
    for (const ProbeItem& item : sources_.probes) merge(item, rules.probes);
    std::sort(rules.probes.begin(), rules.probes.end());
    return rules;
  }
  std::vector<Fault> take_faults() { return std::move(faults_); }

 private:
  template <typename T>
  bool kept(const Checked<T>& checked) {
    if (!checked) faults_.push_back(checked.error());
    return checked.has_value();
  }

  void read_trial(const Layer& layer) {
    if (!layer.trial) return;
    if (!layer.trial->with_templates) {
      sources_.trials.push_back(*layer.trial);
      return;
    }
    const auto plain = expander_.expand_tree(*layer.trial->with_templates);
    if (!kept(plain)) return;
    const auto part = parse_trial(*plain);
    if (kept(part)) sources_.trials.push_back(*part);
  }

  void read_probes(const Layer& layer) {
    if (!layer.probes) return;
    std::vector<ProbeItem> items = layer.probes->items;
    for (const yaml::Node& entry : layer.probes->templates) {
      const auto plain = expander_.expand_tree(entry);
      if (!kept(plain)) continue;
      const auto item = parse_probe(*plain);
      if (kept(item)) items.push_back(*item);
    }
    refuse_duplicates(items);
    sources_.probes.insert(sources_.probes.end(), items.begin(), items.end());
  }

  // Two layers may want the same probe; one layer that says it twice is a slip.
  void refuse_duplicates(std::vector<ProbeItem>& items) {
    std::stable_sort(items.begin(), items.end(), [](const ProbeItem& a, const ProbeItem& b) {
      return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
    });
    for (auto item = items.begin(); item != items.end(); ++item) {
      const auto first = std::find_if(items.begin(), item, [&](const ProbeItem& other) {
        return is_same_probe(other.target, item->target);
      });
      if (first == item) continue;
      faults_.push_back({item->place, fmt::format("duplicate probe {} (first at {})", probe_text(item->target),
                                                  yaml::render(first->place)), "keep one of them"});
    }
  }

  // The higher layer's name counts, if it gives one.
  void merge(const ProbeItem& item, std::vector<trial::ProbeTarget>& probes) {
    const auto known = std::find_if(probes.begin(), probes.end(), [&](const auto& p) { return is_same_probe(p, item.target); });
    if (known != probes.end()) {
      if (!item.target.name.empty()) known->name = item.target.name;
      return;
    }
    probes.push_back(item.target);
    if (probes.size() != trial::kMaxProbes + 1) return;
    faults_.push_back({item.place, fmt::format("more than {} probes for one host", trial::kMaxProbes),
                       "keep those that tell most; every trial has the collector, gateways and DNS beside them"});
  }

  const LayerStack& stack_;
  const Variables variables_;
  const Expander expander_;
  Origins::Sources& sources_;
  std::vector<Fault> faults_;
};

}  // namespace

std::vector<Fault> resolve_trial(const LayerStack& stack, DesiredState& state, Origins::Sources& sources) {
  const bool is_said = std::any_of(stack.begin(), stack.end(), [](const Layer* l) { return l->trial || l->probes; });
  if (!is_said) return {};
  TrialResolver resolver(stack, sources);
  state.trial = resolver.run();
  return resolver.take_faults();
}

}  // namespace ondol::intent
