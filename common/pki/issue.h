// What the fleet's own certificate authority signs: itself, the collector's server certificate, the agents'
// certificates.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/pki/certificate.h"
#include "common/pki/csr.h"
#include "common/pki/key.h"

namespace ondol::pki {

inline constexpr auto kCaLifetime = std::chrono::hours(24) * 3652;    // ten years
inline constexpr auto kServerLifetime = std::chrono::hours(24) * 90;  // re-issued past half of it
inline constexpr auto kAgentLifetime = std::chrono::hours(1);         // renewed every 20 minutes
inline constexpr auto kBackdate = std::chrono::minutes(5);            // tolerated lag of a host's clock

struct Ca {
  Key key;
  Certificate certificate;
};

// Self-signed, CN "Ondol CA <first 8 digits of the key's hash>", path length 0.
Result<Ca> make_ca(WallTime now);

// names: DNS names and IP addresses, 1 to 64. EKU serverAuth only. kInvalidInput names the bad one.
Result<Certificate> issue_server_certificate(const Ca& ca, const Key& key,
                                             const std::vector<std::string>& names, WallTime now);

// Exactly one SAN, host_uri(host); EKU clientAuth only; a random 128-bit serial. Only the request's key is
// used.
Result<Certificate> issue_agent_certificate(const Ca& ca, const Csr& csr, const HostId& host, WallTime now);

}  // namespace ondol::pki
