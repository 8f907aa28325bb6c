// ondol-restore: puts the confirmed routes back with what exists, before the agent and without a collector.
#include <fmt/format.h>

#include <cstdio>

#include "agent/config/command_line.h"
#include "agent/runtime/offline.h"
#include "common/journal/journal.h"

int main(int argc, char** argv) {
  using namespace ondol;
  const auto config = agent::parse_restore_line(argc, argv);
  if (!config && config.error().code == Errc::kNotFound && config.error().where.empty()) {
    fmt::print("{}", config.error().message);
    return 0;
  }
  if (!config) {
    fmt::print(stderr, "ondol-restore: {}\n", render(config.error()));
    return 2;
  }
  auto parts = agent::open_parts(*config);
  auto restored = parts ? agent::restore_confirmed(*config, std::move(*parts)) : fail(parts.error());
  if (!restored) {
    journal::write(journal::Event::agent_failed, render(restored.error()));
    return 1;
  }
  fmt::print("{}\n", *restored);
  return 0;
}
