#include "common/intent/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/nearest_name.h"

namespace ondol::intent {
namespace {

constexpr std::size_t kMaxExpanded = 4096;   // bytes, the longest scalar that strict YAML takes
constexpr std::size_t kMaxVariableName = 64;
constexpr std::size_t kMaxExpansions = 1000;  // in one value: a chain of doubling variables ends here

bool is_name_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_name_char(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool valid_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxVariableName && is_name_start(name.front()) &&
         std::all_of(name.begin(), name.end(), is_name_char);
}

bool has_template(std::string_view text) { return text.find("{{") != std::string_view::npos; }

bool has_template(const yaml::Node& node) {
  if (node.kind == yaml::Kind::kScalar) return has_template(std::string_view(node.scalar));
  return std::any_of(node.items.begin(), node.items.end(), [](const auto& item) { return has_template(item); }) ||
         std::any_of(node.entries.begin(), node.entries.end(),
                     [](const auto& entry) { return has_template(entry.second); });
}

struct Expander::Walk {
  const yaml::Place& use;
  std::vector<std::string> path;  // variables that are being expanded, outermost first
  std::size_t expansions = 0;
};

Checked<std::string> Expander::expand(const yaml::Node& use) const {
  Walk walk{use.place, {}};
  return fill(use.scalar, walk);
}

Checked<std::string> Expander::fill(std::string_view text, Walk& walk) const {
  std::string result;
  while (!text.empty()) {
    const auto open = text.find("{{");
    result += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    const auto name = close == std::string_view::npos ? std::string_view() : trimmed(text.substr(open + 2, close - open - 2));
    if (!valid_variable_name(name)) {
      return fault(walk.use, "a template that is not {{ NAME }}", "write {{ NAME }} with letters, digits and '_'");
    }
    auto value = value_of(std::string(name), walk);
    if (!value) return tl::unexpected<Fault>(value.error());
    result += *value;
    if (result.size() > kMaxExpanded) {
      return fault(walk.use, fmt::format("the expanded value is longer than {} bytes", kMaxExpanded), "shorten it");
    }
    text.remove_prefix(close + 2);
  }
  return result;
}

Checked<std::string> Expander::value_of(const std::string& name, Walk& walk) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) {
    std::vector<std::string_view> known;
    for (const auto& [variable, value] : variables_) known.push_back(variable);
    const auto near = nearest_name(name, known);
    return fault(walk.use, fmt::format("variable '{}' is missing in these layers", name),
                 near ? fmt::format("did you mean '{}'?", *near) : fmt::format("add 'vars: {{ {}: ... }}'", name));
  }
  const bool circular = std::find(walk.path.begin(), walk.path.end(), name) != walk.path.end();
  walk.path.push_back(name);
  if (circular || ++walk.expansions > kMaxExpansions) {
    return fault(walk.use,
                 circular ? fmt::format("circular variables: {}", fmt::join(walk.path, " -> "))
                          : fmt::format("more than {} variables in one value", kMaxExpansions),
                 fmt::format("give '{}' a plain value ({})", name, yaml::render(found->second->place)));
  }
  auto value = fill(found->second->scalar, walk);
  walk.path.pop_back();
  return value;
}

Checked<yaml::Node> Expander::expand_tree(const yaml::Node& node) const {
  yaml::Node result = node;
  if (node.kind == yaml::Kind::kScalar) {
    auto text = expand(node);
    if (!text) return tl::unexpected<Fault>(text.error());
    result.scalar = std::move(*text);
  }
  for (yaml::Node& item : result.items) {
    auto expanded = expand_tree(item);
    if (!expanded) return expanded;
    item = std::move(*expanded);
  }
  for (auto& [key, value] : result.entries) {
    auto expanded = expand_tree(value);
    if (!expanded) return expanded;
    value = std::move(*expanded);
  }
  return result;
}

}  // namespace ondol::intent
