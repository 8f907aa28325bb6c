// Layers in a test: files by path, one host, and what came of it as lines of text.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/intent/resolve.h"

namespace ondol::intent {

// A host that names a layer of every level.
inline HostFacts payment_host(std::string name = "pay-web-01") {
  return {HostId(std::move(name)), "seoul-1", "live", "api", "payments", "settlement", std::nullopt};
}

struct Outcome {
  std::vector<Finding> findings;  // merged
  std::shared_ptr<const ResolvedHost> host;

  std::string lines() const {
    std::string text;
    for (const Finding& finding : findings) text += render(finding) + "\n";
    return text;
  }
  // One route in a line, in the order of the intent.
  std::string routes() const {
    if (!host) return "error\n";
    if (!host->state.routes) return "unmanaged\n";
    std::string text;
    for (const routes::Route& route : host->state.routes->routes) text += render(route) + "\n";
    return text;
  }
  const routes::RoutesIntent& intent() const { return host->state.routes.value(); }
};

// Paths without "layers/" and ".yaml"; findings about missing layers are left out.
inline Outcome resolve(std::initializer_list<std::pair<std::string, std::string>> files,
                       const HostFacts& host = payment_host()) {
  std::vector<LayerText> texts;
  for (const auto& [path, content] : files) texts.push_back({"layers/" + path + ".yaml", content});
  Outcome outcome;
  std::vector<Finding> findings;
  const Layers layers = Layers::parse(texts, findings);
  outcome.host = layers.resolve(host, findings);
  std::erase_if(findings, [](const Finding& f) { return f.message.find("no such layer file") != std::string::npos; });
  outcome.findings = merged(std::move(findings));
  return outcome;
}

// The findings of a global layer alone.
inline std::string faults(const std::string& content) { return resolve({{"global", content}}).lines(); }

// The findings of one entry of routes.list; its place is in line 3.
inline std::string route_faults(const std::string& entry) { return faults("routes:\n  list:\n    - " + entry + "\n"); }

}  // namespace ondol::intent
