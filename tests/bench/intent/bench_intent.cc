// 10,000 hosts, 200 layer files, about ROUTES routes a host: parse and resolve, one JSON line a figure.
// bench_intent [ROUTES]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <tuple>

#include "tests/bench/intent/fleet.h"

namespace ondol::intent {
namespace {

// As the collector asks for them: those with the same layers behind one another.
std::vector<HostFacts> ordered_hosts() {
  std::vector<HostFacts> hosts;
  for (int i = 0; i < bench::kHosts; ++i) hosts.push_back(bench::host(i));
  const auto key = [](const HostFacts& h) {
    return std::tie(h.cluster, h.phase, h.app_type, h.app_group, h.app, h.name);
  };
  std::sort(hosts.begin(), hosts.end(),
            [&](const HostFacts& a, const HostFacts& b) { return key(a) < key(b); });
  return hosts;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int run(int routes) {
  const std::vector<LayerText> files = bench::fleet(routes);
  std::vector<Finding> findings;
  auto start = std::chrono::steady_clock::now();
  const Layers layers = Layers::parse(files, findings);
  fmt::print(
      "{{\"bench\":\"intent\",\"figure\":\"intent.parse_200_files_s\",\"value\":{:.3f},\"unit\":\"s\"}}\n",
      seconds_since(start));
  const std::vector<HostFacts> hosts = ordered_hosts();
  std::size_t total = 0;
  const std::clock_t cpu = std::clock();
  start = std::chrono::steady_clock::now();
  for (const HostFacts& host : hosts) {
    const auto resolved = layers.resolve(host, findings);
    if (!resolved) return 1;
    total += resolved->state.routes->routes.size();
  }
  const double seconds = seconds_since(start);
  fmt::print(
      "{{\"bench\":\"intent\",\"figure\":\"intent.resolve_10000_hosts_s\",\"value\":{:.3f},\"unit\":\"s\","
      "\"must\":\"<=2\","
      "\"met\":{},\"cpu_s\":{:.3f},\"routes_per_host\":{},\"findings\":{}}}\n",
      seconds, seconds <= 2, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC, total / bench::kHosts,
      findings.size());
  return 0;
}

}  // namespace
}  // namespace ondol::intent

int main(int argc, char** argv) { return ondol::intent::run(argc > 1 ? std::atoi(argv[1]) : 2000); }
