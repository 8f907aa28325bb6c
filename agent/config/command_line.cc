#include "agent/config/command_line.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace ondol::agent {
namespace {

constexpr const char* kDefaultFile = "/etc/ondol/agent.yaml";

struct Flags {
  std::string config, collector, state_dir, identity_dir, guard_file, local_socket, metrics_listen;
  std::optional<std::string> undo_socket, preflight_socket;  // given as empty: none
  std::string token, output = "table";
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.config, "agent.yaml (default /etc/ondol/agent.yaml)");
  app.add_option("--collector", flags.collector, "host:port of the collector");
  app.add_option("--state-dir", flags.state_dir, "what the agent remembers");
  app.add_option("--identity-dir", flags.identity_dir, "key and certificate");
  app.add_option("--guard-file", flags.guard_file, "guard.yaml");
  app.add_option("--local-socket", flags.local_socket, "unix socket for status, hold, release, rollback, withdraw");
  app.add_option("--undo-socket", flags.undo_socket, "where ondol-undo listens; '' = trials without it");
  app.add_option("--preflight-socket", flags.preflight_socket, "where ondol-preflight listens; '' = without it");
  app.add_option("--metrics-listen", flags.metrics_listen, "address:port for /metrics");
}

Result<AgentConfig> merged(const Flags& flags) {
  AgentConfig config;
  const std::string path = flags.config.empty() ? kDefaultFile : flags.config;
  auto read = read_agent_config(path);
  const bool optional = flags.config.empty() && !read && read.error().code == Errc::kNotFound;
  if (!read && !optional) return fail(read.error());
  if (read) config = *std::move(read);
  const std::vector<std::pair<const std::string*, std::string*>> overrides{
      {&flags.collector, &config.collector},       {&flags.state_dir, &config.state_dir},
      {&flags.identity_dir, &config.identity_dir}, {&flags.guard_file, &config.guard_file},
      {&flags.local_socket, &config.local_socket}, {&flags.metrics_listen, &config.metrics_listen}};
  for (const auto& [flag, value] : overrides) {
    if (!flag->empty()) *value = *flag;
  }
  if (flags.undo_socket) config.undo_socket = *flags.undo_socket;
  if (flags.preflight_socket) config.preflight_socket = *flags.preflight_socket;
  return config;
}

Command command_of(const CLI::App& app) {
  static const std::vector<std::pair<const char*, Command>> kCommands{
      {"enroll", Command::kEnroll}, {"inspect", Command::kInspectRoutes}, {"status", Command::kStatus},
      {"hold", Command::kHold},     {"release", Command::kRelease}, {"rollback", Command::kRollback},
      {"withdraw", Command::kWithdraw}, {"version", Command::kVersion}};
  for (const auto& [name, command] : kCommands) {
    if (app.got_subcommand(name)) return command;
  }
  return Command::kRun;
}

void declare_commands(CLI::App& app, Flags& flags) {
  app.add_subcommand("run", "observe, report and keep desired state (the default)");
  CLI::App* enroll = app.add_subcommand("enroll", "get a certificate from the collector");
  enroll->add_option("--token", flags.token, "from `ondolctl enroll token create`")->required();
  CLI::App* inspect = app.add_subcommand("inspect", "what is seen here, as JSON")->require_subcommand(1);
  inspect->add_subcommand("routes", "routes")->fallthrough();
  CLI::App* status = app.add_subcommand("status", "how the running agent is");
  status->add_option("-o,--output", flags.output, "how it looks")
      ->check(CLI::IsMember({"table", "json"}).description(""))
      ->type_name("table|json");
  app.add_subcommand("hold", "write nothing until `release`");
  app.add_subcommand("release", "end a hold; contested objects are tried again");
  app.add_subcommand("rollback", "go back: from what is being tried, or to the generation before the last; then hold");
  app.add_subcommand("withdraw", "remove everything of ours from this host");
  app.add_subcommand("version", "print the version");
  app.fallthrough();
  app.require_subcommand(0, 1);
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
}

template <typename App>
Result<void> parsed(App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return fail(Errc::kNotFound, app.help());
  } catch (const CLI::ParseError& error) {
    return fail(Errc::kInvalidInput, error.what(), "", "see " + app.get_name() + " --help");
  }
  return {};
}

}  // namespace

namespace {

constexpr const char* kAgent = "ondol-agent: what this host is and does, kept as its owners wrote it";
constexpr const char* kUndo = "ondol-undo: holds the undo of a trial, and does it when the agent cannot";
constexpr const char* kRestore = "ondol-restore: puts the confirmed routes back, with no collector";

void declare_undo(CLI::App& app, Flags& flags, std::string& socket) {
  declare(app, flags);
  app.add_option("--socket", socket, "listen here (default: as trial.undo_socket says)");
}

}  // namespace

void show_command_lines(const std::function<void(const CLI::App&)>& show) {
  Flags flags;
  std::string socket;
  CLI::App agent{kAgent, "ondol-agent"}, undo{kUndo, "ondol-undo"}, restore{kRestore, "ondol-restore"};
  declare(agent, flags);
  declare_commands(agent, flags);
  declare_undo(undo, flags, socket);
  declare(restore, flags);
  for (const CLI::App* app : {&agent, &undo, &restore}) show(*app);
}

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{kAgent, "ondol-agent"};
  Flags flags;
  declare(app, flags);
  declare_commands(app, flags);
  ONDOL_TRY(parsed(app, argc, argv));
  CommandLine line;
  line.command = command_of(app);
  line.token = flags.token;
  line.as_json = flags.output == "json";
  if (line.command == Command::kVersion) return line;
  auto config = merged(flags);
  if (!config) return fail(config.error());
  line.config = *std::move(config);
  return line;
}

Result<UndoLine> parse_undo_line(int argc, const char* const* argv) {
  CLI::App app{kUndo, "ondol-undo"};
  Flags flags;
  UndoLine line;
  declare_undo(app, flags, line.socket);
  ONDOL_TRY(parsed(app, argc, argv));
  auto config = merged(flags);
  if (!config) return fail(config.error());
  line.config = *std::move(config);
  if (line.socket.empty()) line.socket = line.config.undo_socket;
  return line;
}

Result<AgentConfig> parse_restore_line(int argc, const char* const* argv) {
  CLI::App app{kRestore, "ondol-restore"};
  Flags flags;
  declare(app, flags);
  ONDOL_TRY(parsed(app, argc, argv));
  return merged(flags);
}

}  // namespace ondol::agent
