// Gateways and interfaces as layers write them.
#pragma once

#include "common/intent/finding.h"
#include "common/resources/routes/route.h"

namespace ondol::intent {

// 1 to 15 bytes of printable ASCII without '/', '%', ':' and spaces; not "." or "..".
Checked<routes::InterfaceName> parse_interface(const yaml::Node& node);

// `via`, `dev`, `weight` and `onlink` of one mapping; other keys are not looked at.
Checked<routes::Nexthop> parse_nexthop(const yaml::Node& node);

}  // namespace ondol::intent
