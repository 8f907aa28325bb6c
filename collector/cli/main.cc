#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"

namespace {

using ondol::cli::CommandLine;
using ondol::cli::ExitCode;

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
  CLI::App app(ondol::cli::kProgramText, "ondolctl");
  CommandLine line;
  ondol::cli::add_commands(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return refuse(app, error);
  }
  return line.run(line.options);
}

}  // namespace

int main(int argc, char** argv) { return static_cast<int>(run(argc, argv)); }
