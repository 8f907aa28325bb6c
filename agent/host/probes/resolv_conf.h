// The name servers that resolv.conf(5) lists. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/ip_prefix.h"

namespace ondol::probes {

inline constexpr std::size_t kMaxNameServers = 3;  // the resolver of libc uses no more

// In order, each once. What is no address, or one that needs a zone, is left out.
std::vector<IpAddress> parse_resolv_conf(std::string_view text);

}  // namespace ondol::probes
