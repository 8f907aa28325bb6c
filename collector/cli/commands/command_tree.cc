#include "collector/cli/commands/commands.h"

namespace ondol::cli {

void add_commands(CLI::App& app, CommandLine& line) {
  app.require_subcommand(1);
  app.fallthrough();  // before the commands: they inherit it, so options may come last
  add_common_options(app, line.options);
  add_host_commands(app, line);
  add_drift_commands(app, line);
  add_config_commands(app, line);
  add_cmdb_commands(app, line);
  add_enroll_commands(app, line);
  add_status_commands(app, line);
  add_completion_commands(app, line);
}

}  // namespace ondol::cli
