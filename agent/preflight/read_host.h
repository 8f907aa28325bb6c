// The network of this host as it is now, as a question to a scratch namespace.
#pragma once

#include <span>

#include "agent/preflight/question.h"
#include "common/base/result.h"

namespace ondol::preflight {

// Links, addresses, nexthop objects, policy rules and every route of every table and protocol; needs no privilege. Only
// reads. A dump that was torn is repeated, five times at most, then kInterrupted.
Result<Question> read_host(std::span<const routes::RouteOp> operations,
                           std::span<const trial::ReachTarget> targets);

// What every host must still reach: its default gateways and its name servers. The second takes what cannot be read for
// nothing.
Result<std::vector<trial::ReachTarget>> read_local_targets();
std::vector<trial::ReachTarget> local_targets();

}  // namespace ondol::preflight
