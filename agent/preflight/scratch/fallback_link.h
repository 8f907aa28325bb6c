// The links that the kernel itself puts into every new network namespace. Pure.
#pragma once

#include "agent/host/routes/decode_rtnetlink.h"

namespace ondol::preflight {

// Of tunnels, where their modules are loaded: known by kind and fixed name together, so that no link that somebody made
// is taken for one. Nobody can remove them.
bool is_fallback_link(const routes::Message& message);

}  // namespace ondol::preflight
