#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"

namespace {

using ondol::cli::CommandLine;
using ondol::cli::ExitCode;

void add_commands(CLI::App& app, CommandLine& line) {
  app.require_subcommand(1);
  app.fallthrough();  // before the commands: they inherit it, so options may come last
  ondol::cli::add_common_options(app, line.options);
  ondol::cli::add_host_commands(app, line);
  ondol::cli::add_drift_commands(app, line);
  ondol::cli::add_config_commands(app, line);
  ondol::cli::add_cmdb_commands(app, line);
  ondol::cli::add_enroll_commands(app, line);
  ondol::cli::add_status_commands(app, line);
}

// Help is no error. A word that is no command would otherwise be reported as a missing command.
ExitCode refuse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app.exit(error);
    return ExitCode::kDone;
  }
  const std::vector<std::string> unknown = app.remaining(true);
  const std::string what = unknown.empty() ? error.what() : "unknown word '" + unknown.front() + "'";
  return ondol::cli::write_error({ondol::Errc::kInvalidInput, what, {}, "see `ondolctl --help` or `ondolctl NOUN --help`"});
}

ExitCode run(int argc, char** argv) {
  CLI::App app("ondolctl: the fleet's hosts, their drift and their intent", "ondolctl");
  CommandLine line;
  add_commands(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return refuse(app, error);
  }
  return line.run(line.options);
}

}  // namespace

int main(int argc, char** argv) { return static_cast<int>(run(argc, argv)); }
