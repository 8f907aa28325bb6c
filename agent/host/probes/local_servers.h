// Whom this host relies on: its default gateways and its name servers.
#pragma once

#include <string>
#include <vector>

#include "common/base/ip_prefix.h"
#include "common/resources/trial/trial.h"

namespace ondol::probes {

inline constexpr std::size_t kMaxGateways = 8;

// Of every default route in table main, both families, each once. Empty also when the kernel does not say.
std::vector<IpAddress> read_default_gateways();
std::vector<IpAddress> read_name_servers(const std::string& path = "/etc/resolv.conf");

// The probes that every trial makes here: one per default gateway, one per name server.
std::vector<trial::ProbeTarget> local_probes();

}  // namespace ondol::probes
