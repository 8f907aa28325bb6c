// Whom this host relies on: its default gateways and its name servers.
#pragma once

#include <string>
#include <vector>

#include "common/base/ip_prefix.h"
#include "common/base/result.h"
#include "common/resources/trial/trial.h"

namespace ondol::probes {

inline constexpr std::size_t kMaxGateways = 8;

// Of every default route in table main, both families, each once. An error is not "none".
Result<std::vector<IpAddress>> read_default_gateways();
// A server of this host's own (127.0.0.53) only passes on: those behind it, which systemd-resolved writes to `behind`,
// come after it. A file that is not there lists none.
Result<std::vector<IpAddress>> read_name_servers(const std::string& path = "/etc/resolv.conf",
                                                 const std::string& behind = "/run/systemd/resolve/resolv.conf");

// The probes that every trial makes here: one per default gateway, one per name server. What could not be read has one
// probe with an unspecified address in its place, which is red and says so.
std::vector<trial::ProbeTarget> local_probes();

}  // namespace ondol::probes
