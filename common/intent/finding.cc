#include "common/intent/finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "common/base/author.h"
#include "common/base/nearest_name.h"

namespace ondol::intent {
namespace {

auto identity(const Finding& f) {
  return std::tie(f.place.file, f.place.line, f.place.column, f.severity, f.message, f.remedy);
}

}  // namespace

std::vector<Finding> merged(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return identity(a) < identity(b); });
  std::vector<Finding> result;
  for (Finding& finding : findings) {
    if (result.empty() || identity(result.back()) != identity(finding)) {
      result.push_back(std::move(finding));
      continue;
    }
    auto& hosts = result.back().hosts;
    hosts.insert(hosts.end(), std::make_move_iterator(finding.hosts.begin()),
                 std::make_move_iterator(finding.hosts.end()));
  }
  for (Finding& finding : result) {
    std::sort(finding.hosts.begin(), finding.hosts.end());
    finding.hosts.erase(std::unique(finding.hosts.begin(), finding.hosts.end()), finding.hosts.end());
  }
  return result;
}

std::string render(const Finding& finding) {
  const std::string_view severity = finding.severity == Severity::kError ? "error" : "warning";
  std::string text = fmt::format("{}: {}: {}", yaml::render(finding.place), severity, finding.message);
  if (!finding.remedy.empty()) text += fmt::format(" ({})", finding.remedy);
  return text;
}

Finding as_error(Fault fault) {
  return {Severity::kError, std::move(fault.place), escaped(fault.message), escaped(fault.remedy), {}};
}

Checked<void> check_mapping(const yaml::Node& node, const std::vector<std::string_view>& known) {
  if (node.kind != yaml::Kind::kMapping) {
    return fault(node.place, "found no mapping here", fmt::format("write keys and values: {}", fmt::join(known, ", ")));
  }
  for (const auto& [key, value] : node.entries) {
    if (std::find(known.begin(), known.end(), key.scalar) != known.end()) continue;
    return fault(key.place, fmt::format("unknown key '{}'", key.scalar.substr(0, 80)), suggestion(key.scalar, known));
  }
  return {};
}

}  // namespace ondol::intent
