// What `ondol-agent` was asked to do.
#pragma once

#include <functional>
#include <string>

#include "agent/config/agent_config.h"

namespace CLI {
class App;
}

namespace ondol::agent {

enum class Command { kRun, kEnroll, kInspectRoutes, kStatus, kHold, kRelease, kRollback, kWithdraw, kVersion };

struct CommandLine {
  Command command = Command::kRun;
  AgentConfig config;
  std::string token;     // enroll
  bool as_json = false;  // status -o json
};

// The usage text is the error's message when --help was asked for (kNotFound); kInvalidInput otherwise. Only `run`,
// `enroll`, `hold`, `release`, `rollback` and `withdraw` read the file; one that was not asked for by name may be missing.
Result<CommandLine> parse_command_line(int argc, const char* const* argv);
// ondol-undo: the same flags, and where to listen when the service manager hands over no socket.
struct UndoLine {
  std::string socket;
  AgentConfig config;
};
Result<UndoLine> parse_undo_line(int argc, const char* const* argv);
// ondol-restore: the same flags, no commands.
Result<AgentConfig> parse_restore_line(int argc, const char* const* argv);

// The command lines as they are declared, of ondol-agent, ondol-undo and ondol-restore: manual pages are made from them.
void show_command_lines(const std::function<void(const CLI::App&)>& show);

}  // namespace ondol::agent
