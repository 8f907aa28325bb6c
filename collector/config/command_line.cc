#include <CLI/CLI.hpp>

#include "collector/config/collector_config.h"

namespace ondol::collector {
namespace {

struct Flags {
  std::string config = "/etc/ondol/collector.yaml";
  std::string state_dir, agents_listen, enroll_listen, admin_socket, admin_group, metrics_listen;
  bool version = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.config, "collector.yaml")->capture_default_str();
  app.add_option("--state-dir", flags.state_dir, "store, certificate authority and identity");
  app.add_option("--agents-listen", flags.agents_listen, "address:port for agents");
  app.add_option("--enroll-listen", flags.enroll_listen, "address:port for enrolment");
  app.add_option("--admin-socket", flags.admin_socket, "unix socket for operators");
  app.add_option("--admin-group", flags.admin_group, "group whose members may use it");
  app.add_option("--metrics-listen", flags.metrics_listen, "address:port for /metrics");
  app.add_flag("--version", flags.version, "print the version");
}

void override_with(const Flags& flags, CollectorConfig& config) {
  const auto set = [](const std::string& flag, std::string& value) {
    if (!flag.empty()) value = flag;
  };
  set(flags.state_dir, config.state_dir);
  set(flags.agents_listen, config.agents_listen);
  set(flags.enroll_listen, config.enroll_listen);
  set(flags.admin_socket, config.admin_socket);
  set(flags.admin_group, config.admin_group);
  set(flags.metrics_listen, config.metrics_listen);
}

constexpr const char* kCollector = "ondol-collector: the record, the intent and the drift of a fleet";

}  // namespace

void show_command_line(const std::function<void(const CLI::App&)>& show) {
  CLI::App app{kCollector, "ondol-collector"};
  Flags flags;
  declare(app, flags);
  show(app);
}

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{kCollector, "ondol-collector"};
  Flags flags;
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return fail(Errc::kNotFound, app.help());
  } catch (const CLI::ParseError& error) {
    return fail(Errc::kInvalidInput, error.what(), "", "see ondol-collector --help");
  }
  CommandLine line;
  line.version = flags.version;
  if (flags.version) return line;
  auto config = read_collector_config(flags.config);
  if (!config) return fail(config.error());
  line.config = *std::move(config);
  override_with(flags, line.config);
  return line;
}

}  // namespace ondol::collector
