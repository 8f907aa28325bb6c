// Any bytes as layer files ("@ PATH" begins one): a host's desired state that a kernel could hold, or an error.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "common/intent/explain.h"

namespace ondol::intent {
namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

std::vector<LayerText> split(std::string_view text) {
  std::vector<LayerText> files{{"layers/global.yaml", ""}};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    if (line.starts_with("@ ") && line.ends_with('\n')) {
      files.push_back({std::string(line.substr(2, line.size() - 3)), ""});
    } else {
      files.back().content += line;
    }
    text.remove_prefix(end);
  }
  return files;
}

void check(const ResolvedHost& host) {
  const auto origins = host.origins.all();
  if (!host.state.routes) return;
  const auto& list = host.state.routes->routes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    require(i == 0 || list[i - 1].key < list[i].key);
    require(list[i].key.destination == masked(list[i].key.destination));
    require(origins.contains("routes.list[" + render(list[i].key) + "]"));
    require(host.origins.of_route(list[i].key).has_value());
  }
}

// What is explained is what was resolved: the same values from the same places.
void check(const Explanation& explanation, const ResolvedHost& host) {
  const auto origins = host.origins.all();
  std::size_t said = 0;
  for (const ExplainedValue& value : explanation.values) {
    if (!value.said) continue;
    ++said;
    const auto origin = origins.find(value.name);
    require(origin != origins.end() && origin->second.place == value.said->place && origin->second.removed == value.said->removes);
    require(origin->second.replaced.size() == value.replaced.size());
  }
  require(said == origins.size());
}

}  // namespace
}  // namespace ondol::intent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ondol::intent;
  const std::vector<LayerText> files = split({reinterpret_cast<const char*>(data), size});
  std::vector<Finding> findings;
  const Layers layers = Layers::parse(files, findings);
  findings.clear();
  HostFacts facts{ondol::HostId("h"), "c", "p", "t", "g", "a", std::nullopt};
  const auto host = layers.resolve(facts, findings);
  const bool has_error = std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.severity == Severity::kError; });
  require(has_error == (host == nullptr));
  if (host) {
    check(*host);
    check(explain(layers, facts, ""), *host);
  }
  for (const Finding& finding : merged(std::move(findings))) require(!render(finding).empty());
  return 0;
}
