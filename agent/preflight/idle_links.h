// Which links of a host have a part in how it reaches anybody. Pure.
#pragma once

#include "agent/preflight/question.h"

namespace ondol::preflight {

// Keeps loopback, and the links that have an address or that a route, rule, nexthop object or operation names: a host of
// containers has thousands of others, and each takes time to make.
void leave_out_idle_links(Question& question);

}  // namespace ondol::preflight
