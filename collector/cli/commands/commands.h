// The command tree: each function hangs its noun and verbs on the parser.
#pragma once

#include "collector/cli/commands/options.h"

namespace ondol::cli {

void add_host_commands(CLI::App& app, CommandLine& line);      // host list | show | history | revoke
void add_drift_commands(CLI::App& app, CommandLine& line);     // drift list | show | watch
void add_config_commands(CLI::App& app, CommandLine& line);    // config check | plan | apply | rollback | progress, and the questions
void add_config_questions(CLI::App* config, CommandLine& line);  // config explain | diff | history | schema
void add_cmdb_commands(CLI::App& app, CommandLine& line);      // cmdb import | export | show
void add_enroll_commands(CLI::App& app, CommandLine& line);    // enroll token create
void add_status_commands(CLI::App& app, CommandLine& line);    // status, version
void add_completion_commands(CLI::App& app, CommandLine& line);  // completion bash | zsh | fish

// All of them, with the options they share: what is parsed, completed and printed as the manual page.
void add_commands(CLI::App& app, CommandLine& line);
inline constexpr const char* kProgramText = "ondolctl: the fleet's hosts, their drift and their intent";

}  // namespace ondol::cli
