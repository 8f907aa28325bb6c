// Why a host has what it has: who says each value, what that replaced, and why what others wrote is not in
// effect here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/intent/resolve.h"

namespace ondol::intent {

// What one place of one layer says of a value.
struct Statement {
  yaml::Place place;
  std::string value;  // with variables filled in; empty with `removes`
  bool removes = false;
  std::string reason;   // as written beside a route
  std::string why_not;  // why it is not in effect here; empty = it decides, or was replaced
  bool operator==(const Statement&) const = default;
};

struct ExplainedValue {
  std::string name;   // as Origins names it
  std::string value;  // what is in effect; empty = nothing
  bool in_effect = false;
  bool is_default = false;  // no layer decides it
  std::optional<Statement> said;
  std::vector<Statement> replaced;   // low to high
  std::vector<Statement> elsewhere;  // only with a key; at most 20
  bool operator==(const ExplainedValue&) const = default;
};

struct Explanation {
  std::vector<ExplainedValue> values;  // by name
  std::vector<std::string> near;  // with a key that nobody mentions: what may have been meant; at most 10
  bool operator==(const Explanation&) const = default;
};

// Without a key everything that the layers of this host say. A key is a name ("mode.routes"), the beginning
// of one
// ("routes", "vars"), the last part of one ("unlisted"), what stands in its brackets, or a destination
// ("10.20.0.0/16", "default"). Layers that cannot be used for this host say nothing.
Explanation explain(const Layers& layers, const HostFacts& host, std::string_view key);

// The last line of the value that starts at `place`, in its file.
int last_line_of(const yaml::Node& root, const yaml::Place& place);

}  // namespace ondol::intent
