#include "agent/host/probes/local_servers.h"

#include <algorithm>
#include <fstream>

#include "agent/host/probes/kernel_query.h"
#include "agent/host/probes/resolv_conf.h"

namespace ondol::probes {

std::vector<IpAddress> read_default_gateways() {
  std::vector<IpAddress> gateways;
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const auto routes = read_routes(family);
    if (!routes) continue;
    for (const RouteHops& route : *routes) {
      if (!route.is_default) continue;
      for (const NextHop& hop : route.hops) {
        const bool is_new = !hop.gateway.is_unspecified() && std::ranges::find(gateways, hop.gateway) == gateways.end();
        if (is_new && gateways.size() < kMaxGateways) gateways.push_back(hop.gateway);
      }
    }
  }
  return gateways;
}

std::vector<IpAddress> read_name_servers(const std::string& path) {
  constexpr std::size_t kMaxFile = 64 * 1024;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFile, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return parse_resolv_conf(text);
}

std::vector<trial::ProbeTarget> local_probes() {
  std::vector<trial::ProbeTarget> probes;
  for (const IpAddress& gateway : read_default_gateways()) {
    probes.push_back({trial::ProbeKind::kGateway, "default gateway", gateway, 0});
  }
  for (const IpAddress& server : read_name_servers()) {
    probes.push_back({trial::ProbeKind::kDns, "name server", server, 53});
  }
  return probes;
}

}  // namespace ondol::probes
