// The files of a simulated fleet: one key that all hosts share, their certificates, the authority, and their
// names.
#pragma once

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"

namespace ondol::bench {

// A handshake costs the same whether hosts share a key or not; making thousands of them does not.
struct FleetFiles {
  std::string ca_pem, key_pem;
  std::vector<std::string> certificates;  // by host number
};

HostId swarm_host(std::size_t number);  // swarm-00042

Result<void> write_fleet(const std::string& directory, const FleetFiles& files);
Result<FleetFiles> read_fleet(const std::string& directory);

}  // namespace ondol::bench
