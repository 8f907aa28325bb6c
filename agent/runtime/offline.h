// What can be done on a host where no agent runs: restore, withdraw, hold.
#pragma once

#include <string>

#include "agent/runtime/agent_runtime.h"

namespace ondol::agent {

// Ends what a crash interrupted, then enforces the confirmed generation once, with no collector. Gives up on reading
// the kernel after 20 s. The text says what is in place and what waits.
Result<std::string> restore_confirmed(const AgentConfig& config, RuntimeParts parts);

// Holds, and ends what a crash interrupted: nothing of an unconfirmed generation stays.
Result<std::string> roll_back(const AgentConfig& config, RuntimeParts parts);

// Forgets the confirmed generation and removes every route of ours.
Result<std::string> withdraw_ours(const RuntimeParts& parts);

Result<std::string> set_hold(const RuntimeParts& parts, bool held);

}  // namespace ondol::agent
