// What every command of ondolctl shares: where the collector is, how output looks, and how a run ends.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace ondol::cli {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kInvalid = 2,      // usage, or input that is wrong
  kDifference = 3,   // with --exit-code
  kUnreachable = 4,  // or unauthorised
};

enum class OutputFormat { kTable, kWide, kJson, kYaml };

struct Options {
  std::string socket = "/run/ondol/admin.sock";
  OutputFormat output = OutputFormat::kTable;
  bool no_headers = false;
  int timeout_seconds = 60;
};

// What the parsed command line wants done.
struct CommandLine {
  Options options;
  std::function<ExitCode(const Options&)> run;
};

void add_common_options(CLI::App& app, Options& options);

// Runs `run` with the arguments that the parser put into `arguments`.
template <typename Arguments>
void on_parsed(CLI::App* command, CommandLine& line, std::shared_ptr<Arguments> arguments,
               ExitCode (*run)(const Options&, const Arguments&)) {
  command->callback([&line, arguments, run] {
    line.run = [arguments, run](const Options& options) { return run(options, *arguments); };
  });
}

inline void add_selector(CLI::App* command, std::string& selector) {
  command->add_option("-l,--selector", selector, "only hosts with these fields: app=settlement,phase=live");
}

}  // namespace ondol::cli
