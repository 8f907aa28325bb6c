// The fleet of the intent figures: 10,000 hosts, 200 layer files.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "common/intent/resolve.h"

namespace ondol::bench {

inline constexpr int kHosts = 10'000;
inline constexpr int kClusters = 8, kPhases = 4, kTypes = 5, kGroups = 20, kApps = 152,
                     kHostFiles = 10;  // 200 with global

// `count` routes of one layer, each level in its own /8 with every tenth destination shared by all levels;
// two of a hundred use a variable.
inline std::string layer(int level, int count) {
  std::string text = fmt::format("vars: {{ gw{}: 10.0.0.{} }}\nroutes:\n  list:\n", level, level + 1);
  for (int i = 0; i < count; ++i) {
    const int octet = i % 10 == 0 ? 100 : 101 + level;
    const std::string gateway = i % 50 == 7 ? "\"{{ gw0 }}\"" : fmt::format("10.0.0.{}", 1 + i % 200);
    text += fmt::format("    - {{ to: {}.{}.{}.0/24, via: {} }}\n", octet, i / 256, i % 256, gateway);
  }
  return text;
}

inline std::vector<intent::LayerText> fleet(int routes) {
  std::vector<intent::LayerText> files{{"layers/global.yaml", layer(0, routes / 2)}};
  const auto add = [&files](std::string_view folder, std::string_view prefix, int files_count,
                            std::string content) {
    for (int i = 0; i < files_count; ++i)
      files.push_back({fmt::format("layers/{}/{}{}.yaml", folder, prefix, i), content});
  };
  add("cluster", "c", kClusters, layer(1, routes / 5));
  add("phase", "p", kPhases, layer(2, routes / 10));
  add("app-type", "t", kTypes, layer(3, routes / 10));
  add("app-group", "g", kGroups, layer(4, routes / 20));
  add("app", "a", kApps, layer(5, routes / 20));
  add("host", "h", kHostFiles, layer(6, routes / 100));
  return files;
}

inline intent::HostFacts host(int i) {
  const int app = i % kApps;
  intent::HostFacts facts;
  facts.name = HostId(fmt::format("h{}", i));
  facts.cluster = fmt::format("c{}", i / kApps % kClusters);
  facts.phase = fmt::format("p{}", i / kApps / kClusters % kPhases);
  facts.app_type = fmt::format("t{}", app % kTypes);
  facts.app_group = fmt::format("g{}", app % kGroups);
  facts.app = fmt::format("a{}", app);
  return facts;
}

}  // namespace ondol::bench
