// Short ways to write desired states around an AgentWorld.
#pragma once

#include <fmt/format.h>

#include <algorithm>

#include "tests/fakes/agent_world.h"
#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::agent {

inline DesiredState desired(std::uint64_t generation, std::vector<routes::Route> all) {
  DesiredState state;
  state.generation = Generation{generation};
  state.revision = Revision{"r"};
  state.routes = routes::enforce(std::move(all));
  return state;
}

inline std::vector<routes::Route> many(int count, const char* via = "10.0.0.1", int second = 100) {
  std::vector<routes::Route> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(routes::unicast(fmt::format("10.{}.{}.0/24", second + i / 250, i % 250), via));
  }
  return all;
}

// eth0 is up with 10.0.0.5/24, the collector answers, the agent runs.
inline void start(fakes::AgentWorld& world) {
  world.kernel.set_link("eth0", true, {{parse_address("10.0.0.5").value(), 24}});
  world.collector_answers = true;
  world.boot();
}

inline std::vector<std::string> in_kernel(const fakes::AgentWorld& world) {
  std::vector<std::string> lines;
  for (const auto& route : world.kernel.snapshot().routes) {
    lines.push_back(render(route.route) + " proto " + routes::protocol_name(route.protocol));
  }
  return lines;
}

template <typename Body>
std::vector<Body> events_of(const fakes::AgentWorld& world) {
  std::vector<Body> found;
  for (const auto& event : world.events) {
    if (const auto* body = std::get_if<Body>(&event.what)) found.push_back(*body);
  }
  return found;
}

}  // namespace ondol::agent
