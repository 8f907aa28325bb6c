// What is wrong with the layers, where, and what to do about it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/yaml/strict_yaml.h"

namespace ondol::intent {

enum class Severity { kError, kWarning };

struct Finding {
  Severity severity = Severity::kError;
  yaml::Place place;  // line 0: a matter of the whole file, which may be missing
  std::string message;
  std::string remedy;
  std::vector<HostId> hosts;  // affected; sorted, unique; empty = a matter of the file alone
  bool operator==(const Finding&) const = default;
};

// Findings that differ only in their hosts become one, with the hosts joined; sorted by place.
std::vector<Finding> merged(std::vector<Finding> findings);

// "layers/app/x.yaml:14:7: error: unknown key 'via2' (did you mean 'via'?)"
std::string render(const Finding& finding);

// An error before it is known whose fault it is. Schema and template code gives these.
struct Fault {
  yaml::Place place;
  std::string message;
  std::string remedy;
};
template <typename T>
using Checked = tl::expected<T, Fault>;
inline tl::unexpected<Fault> fault(yaml::Place place, std::string message, std::string remedy) {
  return tl::unexpected<Fault>(Fault{std::move(place), std::move(message), std::move(remedy)});
}

// Line feeds and tabs that quoted text brought along are escaped.
Finding as_error(Fault fault);

// A Result about `node` as a Checked.
template <typename T>
Checked<T> at(const yaml::Node& node, Result<T> result) {
  if (result) return std::move(result).value();
  return fault(node.place, std::move(result.error().message), std::move(result.error().remedy));
}

// The node is a mapping and each of its keys is known.
Checked<void> check_mapping(const yaml::Node& node, const std::vector<std::string_view>& known);

}  // namespace ondol::intent

// Returns the fault of a Checked<> expression from the calling function; the value is dropped.
#define ONDOL_CHECKED(expression)                                                                      \
  do {                                                                                                 \
    auto ondol_checked = (expression);                                                                 \
    if (!ondol_checked) return tl::unexpected<::ondol::intent::Fault>(std::move(ondol_checked.error())); \
  } while (false)
