// How the agent is, as JSON for programs and as text for people.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "agent/core/agent_core.h"

namespace ondol::agent {

struct AgentFacts {
  CoreStatus core;
  std::string version, host;  // host: empty = never enrolled
  std::optional<WallTime> certificate_expires;
  std::string identity_problem;
  std::uint64_t spool_depth = 0, events_lost = 0;
  std::string spool_problem;
  Now now;
};

// Stable keys in snake_case; times in RFC 3339, ages in seconds.
nlohmann::json render_json(const AgentFacts& facts);
// From what render_json gave, also by another version: missing keys are shown as unknown.
std::string render_text(const nlohmann::json& status);

}  // namespace ondol::agent
