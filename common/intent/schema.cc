#include "common/intent/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "common/intent/route_schema.h"
#include "common/intent/shape.h"
#include "common/intent/template.h"
#include "common/intent/trial_schema.h"
#include "common/intent/words.h"

namespace ondol::intent {
namespace {

using yaml::Kind;
using yaml::Node;

constexpr std::size_t kMaxFaults = 100;        // in one file: the rest says nothing new

// How many the list or mapping at `key` may hold.
std::size_t most_of(std::string_view key) { return static_cast<std::size_t>(layer_shape().at(key).most); }
std::size_t most_ignored() { return static_cast<std::size_t>(layer_shape().at("routes").at("ignore").most); }

template <typename T>
Checked<Setting<T>> parse_setting(const Node& node, std::span<const Word<T>> words) {
  if (node.kind == Kind::kNull) return Setting<T>{node.place, std::nullopt};
  auto value = parse_word<T>(node, words);
  if (!value) return tl::unexpected<Fault>(value.error());
  return Setting<T>{node.place, *value};
}

class LayerParser {
 public:
  explicit LayerParser(Layer& layer) : layer_(layer) {}

  void run(const Node& root) {
    if (root.kind == Kind::kNull) return;  // an empty layer
    refuse_blanks(root);
    if (!kept(check_mapping(root, layer_shape().names()))) {
      if (root.kind != Kind::kMapping) return;
    }
    if (const Node* vars = root.find("vars")) read_variables(*vars);
    if (const Node* routes = root.find("routes")) read_routes(*routes);
    if (const Node* mode = root.find("mode")) read_mode(*mode);
    if (const Node* trial = root.find("trial")) read_trial(*trial);
    if (const Node* probes = root.find("probes")) read_probes(*probes);
  }

 private:
  template <typename T>
  bool kept(const Checked<T>& checked) {
    if (!checked && layer_.faults.size() < kMaxFaults) layer_.faults.push_back(as_error(checked.error()));
    return checked.has_value();
  }
  void refuse(const Node& node, std::string message, std::string remedy) {
    kept(Checked<void>(fault(node.place, std::move(message), std::move(remedy))));
  }

  void read_variables(const Node& vars) {
    if (vars.kind == Kind::kNull) {
      layer_.resets_variables = vars.place;
      return;
    }
    if (vars.kind != Kind::kMapping || vars.entries.size() > most_of("vars")) {
      refuse(vars, fmt::format("'vars' is not a mapping of at most {} variables", most_of("vars")), "write NAME: VALUE");
      return;
    }
    for (const auto& [key, value] : vars.entries) {
      if (!valid_variable_name(key.scalar)) {
        refuse(key, fmt::format("'{}' cannot be the name of a variable", key.scalar.substr(0, 80)),
               "use 1 to 64 letters, digits and '_', not starting with a digit");
      } else if (value.kind != Kind::kScalar && value.kind != Kind::kNull) {
        refuse(value, fmt::format("variable '{}' is a list or a mapping", key.scalar), "write one value");
      } else {
        layer_.variables.push_back({key.scalar, value});
      }
    }
  }

  // A key whose value was forgotten means nothing, least of all what ~ or [] mean.
  void refuse_blanks(const Node& node) {
    for (const auto& [key, value] : node.entries) {
      if (value.blank) {
        refuse(key, fmt::format("'{}' has no value", key.scalar),
               "write one, or ~ to take back what lower layers say, or remove the key");
      }
      refuse_blanks(value);
    }
    for (const Node& item : node.items) refuse_blanks(item);
  }

  void read_mode(const Node& mode) {
    if (mode.kind == Kind::kNull) {
      layer_.routes_mode = Setting<Mode>{mode.place, std::nullopt};
      return;
    }
    if (!kept(check_mapping(mode, layer_shape().at("mode").names()))) return;
    const Node* routes = mode.find("routes");
    if (routes == nullptr) return;
    const auto setting = parse_setting<Mode>(*routes, kModeWords);
    if (kept(setting)) layer_.routes_mode = *setting;
  }

  void read_routes(const Node& node) {
    RoutesPart& part = layer_.routes.emplace();
    part.place = node.place;
    if (node.kind == Kind::kNull) {
      part.resets = true;
      return;
    }
    kept(check_mapping(node, layer_shape().at("routes").names()));
    if (const Node* unlisted = node.find("unlisted")) {
      const auto setting = parse_setting<routes::Unlisted>(*unlisted, kUnlistedWords);
      if (kept(setting)) part.unlisted = *setting;
    }
    if (const Node* conflict = node.find("conflict")) {
      const auto setting = parse_setting<routes::OnConflict>(*conflict, kConflictWords);
      if (kept(setting)) part.on_conflict = *setting;
    }
    if (const Node* ignore = node.find("ignore")) read_ignore(*ignore, part);
    if (const Node* list = node.find("list")) read_list(*list, part);
  }

  void read_ignore(const Node& ignore, RoutesPart& part) {
    part.resets_ignore = ignore.kind == Kind::kNull;
    if (part.resets_ignore) return;
    if (ignore.kind != Kind::kSequence || ignore.items.size() > most_ignored()) {
      refuse(ignore, fmt::format("'ignore' is not a list of at most {} patterns", most_ignored()),
             "write - { dev: \"cali*\" }, - { proto: 80 } or - { preset: calico }");
      return;
    }
    for (const Node& entry : ignore.items) {
      const auto patterns = parse_ignore(entry);
      if (!kept(patterns)) continue;
      for (const auto& pattern : *patterns) part.ignore.push_back({pattern, entry.place});
    }
  }

  void read_list(const Node& list, RoutesPart& part) {
    part.resets_list = list.kind == Kind::kNull;
    if (part.resets_list) return;
    if (list.kind != Kind::kSequence) {
      refuse(list, "'list' is not a list of routes", "write - { to: PREFIX, via: ADDRESS }, or [] for none");
      return;
    }
    for (const Node& entry : list.items) {
      if (has_template(entry)) {
        part.templates.push_back(entry);
        continue;
      }
      auto item = parse_route(entry, layer_.name.level);
      if (kept(item)) part.items.push_back(std::move(*item));
    }
    for (Fault& fault : sort_unique(part.items)) kept(Checked<void>(tl::unexpected<Fault>(std::move(fault))));
  }

  void read_trial(const Node& node) {
    if (has_template(node)) {
      layer_.trial.emplace().with_templates = node;
      return;
    }
    auto part = parse_trial(node);
    if (kept(part)) layer_.trial = std::move(*part);
  }

  void read_probes(const Node& list) {
    ProbesPart& part = layer_.probes.emplace();
    part.resets = list.kind == Kind::kNull;
    if (part.resets) return;
    if (list.kind != Kind::kSequence || list.items.size() > most_of("probes")) {
      refuse(list, fmt::format("'probes' is not a list of at most {} probes", most_of("probes")),
             "write - { tcp: \"ADDRESS:PORT\" }, - { dns: ADDRESS } or - { inbound: PORT }");
      return;
    }
    for (const Node& entry : list.items) {
      if (has_template(entry)) {
        part.templates.push_back(entry);
        continue;
      }
      auto item = parse_probe(entry);
      if (kept(item)) part.items.push_back(std::move(*item));
    }
  }

  Layer& layer_;
};

}  // namespace

std::vector<Fault> sort_unique(std::vector<RouteItem>& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const RouteItem& a, const RouteItem& b) {
                     const auto order = a.route.key <=> b.route.key;
                     return order == 0 ? a.level < b.level : order < 0;
                   });
  std::vector<Fault> duplicates;
  const RouteItem* first = nullptr;
  for (const RouteItem& item : items) {
    if (first == nullptr || first->route.key != item.route.key || first->level != item.level) {
      first = &item;
      continue;
    }
    duplicates.push_back(Fault{item.place,
                               fmt::format("duplicate route {} (first at {})", render(item.route.key), yaml::render(first->place)),
                               "keep one of them, or give them different metrics"});
  }
  return duplicates;
}

Layer parse_layer(const std::string& path, LayerName name, std::string_view content) {
  Layer layer;
  layer.path = path;
  layer.name = std::move(name);
  // A file of 1 MiB cannot hold more values than this.
  auto root = yaml::parse(content, path, yaml::Limits{});
  if (!root) {
    const Error& error = root.error();
    layer.faults.push_back(as_error(Fault{yaml::place_of(error).value_or(yaml::Place{path, 0, 0}), error.message, error.remedy}));
    return layer;
  }
  LayerParser(layer).run(*root);
  return layer;
}

}  // namespace ondol::intent
