// `{{ NAME }}` in a layer's values, filled in from the merged variables of one host.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/intent/finding.h"

namespace ondol::intent {

// 1 to 64 of A-Z a-z 0-9 _, first not a digit.
bool valid_variable_name(std::string_view name);

// Name -> the value node that won, in some layer.
using Variables = std::map<std::string, const yaml::Node*, std::less<>>;

bool has_template(std::string_view text);
// Whether any scalar below has a template.
bool has_template(const yaml::Node& node);

// Expands templates, also in the values of variables.
// Errors: a malformed template, a missing variable, a circle, more than 4,096 bytes; the place is that of `use`.
class Expander {
 public:
  explicit Expander(const Variables& variables) : variables_(variables) {}
  Checked<std::string> expand(const yaml::Node& use) const;
  // Every scalar below, keeping places.
  Checked<yaml::Node> expand_tree(const yaml::Node& node) const;

 private:
  struct Walk;
  Checked<std::string> fill(std::string_view text, Walk& walk) const;
  Checked<std::string> value_of(const std::string& name, Walk& walk) const;

  const Variables& variables_;
};

}  // namespace ondol::intent
