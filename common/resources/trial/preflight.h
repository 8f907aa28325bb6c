// What must stay reachable, and what the kernel said in a scratch namespace about a change that was not made yet.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/base/ip_prefix.h"

namespace ondol::trial {

// Somebody whom the host must still reach after a change: the collector, a name server, a bastion.
struct ReachTarget {
  std::string name;  // "collector", "dns 10.0.0.53": for the reason of a refusal
  IpAddress address{};
  bool calls_us = false;  // it opens connections to this host, at the address and the link that lead to it today
  bool operator==(const ReachTarget&) const = default;
};

inline constexpr std::size_t kNoneAlone = static_cast<std::size_t>(-1);

struct PreflightRefusal {
  std::size_t operation = kNoneAlone;  // index among those that were asked about; kNoneAlone = several together
  std::string reason;                  // one sentence without a full stop
  bool operator==(const PreflightRefusal&) const = default;
};

struct PreflightVerdict {
  std::vector<PreflightRefusal> refusals;  // empty = the change may be tried
  std::vector<std::string> notes;          // what could not be judged, each a sentence; never a reason to refuse
  bool operator==(const PreflightVerdict&) const = default;
};

}  // namespace ondol::trial
