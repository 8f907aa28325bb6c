#include "agent/host/probes/local_servers.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "agent/host/probes/kernel_query.h"
#include "agent/host/probes/resolv_conf.h"

namespace ondol::probes {
namespace {

void add(std::vector<IpAddress>& all, const IpAddress& address, std::size_t most) {
  const bool is_new = !address.is_unspecified() && std::ranges::find(all, address) == all.end();
  if (is_new && all.size() < most) all.push_back(address);
}

bool is_loopback(const IpAddress& address) {
  if (address.family == Family::kIpv4) return address.bytes[0] == 127;
  return address == parse_address("::1").value();
}

// A kernel that was started without IPv6 has no routes of it to tell.
bool is_absent(const Error& error, Family family) {
  return family == Family::kIpv6 && error.message == std::strerror(EOPNOTSUPP);
}

Result<std::vector<IpAddress>> read_servers(const std::string& path) {
  constexpr std::size_t kMaxFile = 64 * 1024;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOENT) return std::vector<IpAddress>{};
  std::string text(kMaxFile, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) return fail(Errc::kIo, "cannot be read", path);
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return parse_resolv_conf(text);
}

template <typename Addresses>
void add_probes(std::vector<trial::ProbeTarget>& probes, const trial::ProbeTarget& like, const Addresses& addresses) {
  if (!addresses) probes.push_back(like);
  if (!addresses) return;
  for (const IpAddress& address : *addresses) probes.push_back({like.kind, like.name, address, like.port});
}

}  // namespace

Result<std::vector<IpAddress>> read_default_gateways() {
  std::vector<IpAddress> gateways;
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const auto routes = read_routes(family);
    if (!routes && is_absent(routes.error(), family)) continue;
    if (!routes) return fail(routes.error());
    for (const RouteHops& route : *routes) {
      if (!route.is_default) continue;
      for (const NextHop& hop : route.hops) add(gateways, hop.gateway, kMaxGateways);
    }
  }
  return gateways;
}

Result<std::vector<IpAddress>> read_name_servers(const std::string& path, const std::string& behind) {
  auto servers = read_servers(path);
  if (!servers || std::ranges::none_of(*servers, is_loopback)) return servers;
  const auto others = read_servers(behind);
  if (!others) return fail(others.error());
  for (const IpAddress& server : *others) add(*servers, server, 2 * kMaxNameServers);
  return servers;
}

std::vector<trial::ProbeTarget> local_probes() {
  std::vector<trial::ProbeTarget> probes;
  add_probes(probes, {trial::ProbeKind::kGateway, "default gateway", IpAddress{}, 0}, read_default_gateways());
  add_probes(probes, {trial::ProbeKind::kDns, "name server", IpAddress{}, 53}, read_name_servers());
  return probes;
}

}  // namespace ondol::probes
