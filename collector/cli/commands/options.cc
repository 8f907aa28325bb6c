#include "collector/cli/commands/options.h"

namespace ondol::cli {

void add_common_options(CLI::App& app, Options& options) {
  const std::map<std::string, OutputFormat> formats{{"table", OutputFormat::kTable},
                                                    {"wide", OutputFormat::kWide},
                                                    {"json", OutputFormat::kJson},
                                                    {"yaml", OutputFormat::kYaml}};
  app.add_option("--socket", options.socket, "the collector's admin socket")
      ->envname("ONDOL_SOCKET")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "-o,--output", [&options, formats](const std::string& name) { options.output = formats.at(name); },
         "how answers look; programs read json")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml"}).description(""))
      ->type_name("table|wide|json|yaml");
  app.add_flag("--no-headers", options.no_headers, "tables without their first line");
  app.add_option("--timeout", options.timeout_seconds, "seconds to wait for the collector")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
}

}  // namespace ondol::cli
